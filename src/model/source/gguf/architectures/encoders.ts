/** Encoders, and those of them that answer with the scores of a head (rerankers). */
import type { JsonObject } from '../../model-source.js';
import {
  AS_IT_IS,
  type GgufArchitecture,
  type GgufModel,
  type ModuleNames,
} from './architecture.js';
import { epsilon, hasPart, rowsOfPart } from './sizes.js';

/** A rotation's base, where the file does not say it. */
const THETA = 10_000;

interface EncoderTraits {
  readonly name: string;
  readonly classes: readonly string[];
  readonly outer: ModuleNames;
  readonly layer: ModuleNames;
  readonly layerPrefix: string;
  readonly config: (model: GgufModel) => JsonObject;
}

function encoder({ layer, config, ...traits }: EncoderTraits): GgufArchitecture {
  return {
    ...traits,
    layer: () => layer,
    change: () => AS_IT_IS,
    split: () => null,
    given: () => new Map(),
    config: (model) => Promise.resolve({ ...encoderSizes(model), ...config(model) }),
  };
}

function encoderSizes(model: GgufModel): JsonObject {
  const { name, fields, tensors } = model;
  return {
    hidden_size: fields.number(`${name}.embedding_length`),
    intermediate_size: fields.number(`${name}.feed_forward_length`),
    num_hidden_layers: fields.number(`${name}.block_count`),
    num_attention_heads: fields.number(`${name}.attention.head_count`),
    layer_norm_eps: epsilon(model),
    vocab_size: tensors.get('token_embd.weight')?.shape[0],
    max_position_embeddings: fields.number(`${name}.context_length`),
    type_vocab_size: tensors.get('token_types.weight')?.shape.at(-2) ?? 0,
  };
}

/** The classes of a head's scores; null = the file has no such head. */
function labelsOf({ name, fields, tensors }: GgufModel): JsonObject | null {
  const last = tensors.get('cls.output.weight');
  if (last === undefined) {
    if (tensors.has('cls.weight')) {
      fields.fail('a head for classes that is one linear alone ("cls") is not supported');
    }
    return null;
  }
  if (!tensors.has('cls.weight')) {
    fields.fail(
      'its head for classes lacks the linear before the last ("cls"), so that its scores are not those of the model',
    );
  }
  const count = last.shape.length < 2 ? 1 : (last.shape[0] ?? 1);
  const named = fields.textsOrNull(`${name}.classifier.output_labels`) ?? [];
  const labels = Array.from({ length: count }, (_, at) => named[at] ?? `LABEL_${at}`);
  return Object.fromEntries(labels.map((label, at) => [String(at), label]));
}

/** BERT and the RoBERTa line, whose positions are stored from the first that is used on. */
export const bert = encoder({
  name: 'bert',
  classes: [
    'BertModel',
    'RobertaModel',
    'XLMRobertaModel',
    'RobertaForSequenceClassification',
    'XLMRobertaForSequenceClassification',
  ],
  outer: {
    token_embd: 'embeddings.word_embeddings',
    position_embd: 'embeddings.position_embeddings',
    token_types: 'embeddings.token_type_embeddings',
    token_embd_norm: 'embeddings.LayerNorm',
    cls: 'pooler.dense',
    'cls.output': 'classifier',
  },
  layer: {
    attn_q: 'attention.self.query',
    attn_k: 'attention.self.key',
    attn_v: 'attention.self.value',
    attn_output: 'attention.output.dense',
    attn_output_norm: 'attention.output.LayerNorm',
    ffn_up: 'intermediate.dense',
    ffn_down: 'output.dense',
    layer_output_norm: 'output.LayerNorm',
  },
  layerPrefix: 'encoder.layer.',
  config: (model) => {
    const labels = labelsOf(model);
    return {
      // RoBERTa's head is BERT's, with the pooler's linear as its first.
      architectures: [labels === null ? 'BertModel' : 'BertForSequenceClassification'],
      model_type: 'bert',
      id2label: labels,
      type_vocab_size: model.tensors.get('token_types.weight')?.shape.at(-2) ?? 1,
      max_position_embeddings: model.tensors.get('position_embd.weight')?.shape[0],
    };
  },
});

export const modernBert = encoder({
  name: 'modern-bert',
  classes: ['ModernBertModel', 'ModernBertForSequenceClassification'],
  outer: {
    token_embd: 'embeddings.tok_embeddings',
    token_embd_norm: 'embeddings.norm',
    output_norm: 'final_norm',
    cls: 'head.dense',
    'cls.norm': 'head.norm',
    'cls.output': 'classifier',
  },
  layer: {
    attn_norm: 'attn_norm',
    attn_qkv: 'attn.Wqkv',
    attn_output: 'attn.Wo',
    ffn_norm: 'mlp_norm',
    ffn_up: 'mlp.Wi',
    ffn_down: 'mlp.Wo',
  },
  layerPrefix: 'layers.',
  config: (model) => {
    const { fields, tensors } = model;
    const labels = labelsOf(model);
    const name = labels === null ? 'ModernBertModel' : 'ModernBertForSequenceClassification';
    const isMean = fields.numberOrNull('modern-bert.classifier.pooling_type') === 1;
    return {
      architectures: [name],
      model_type: 'modernbert',
      norm_eps: epsilon(model),
      hidden_activation: fields.textOrNull('modern-bert.hidden_activation') ?? 'gelu',
      attention_bias: hasPart(model, 'attn_qkv.bias'),
      mlp_bias: hasPart(model, 'ffn_up.bias'),
      norm_bias: tensors.has('output_norm.bias'),
      local_attention: fields.number('modern-bert.attention.sliding_window'),
      global_attn_every_n_layers:
        fields.numberOrNull('modern-bert.attention.sliding_window_pattern') ?? 3,
      global_rope_theta: fields.numberOrNull('modern-bert.rope.freq_base') ?? 160_000,
      local_rope_theta: fields.numberOrNull('modern-bert.rope.freq_base_swa') ?? THETA,
      id2label: labels,
      classifier_pooling: isMean ? 'mean' : 'cls',
      classifier_bias: tensors.has('cls.bias'),
    };
  },
});

const NOMIC = {
  classes: ['NomicBertModel'],
  outer: {
    token_embd: 'embeddings.word_embeddings',
    token_types: 'embeddings.token_type_embeddings',
    token_embd_norm: 'emb_ln',
  },
  layerPrefix: 'encoder.layers.',
};

/** What Nomic's files call the parts of a layer that have no gate. */
const NOMIC_LAYER = {
  attn_qkv: 'attn.Wqkv',
  attn_output: 'attn.out_proj',
  attn_output_norm: 'norm1',
  ffn_down: 'mlp.fc2',
  layer_output_norm: 'norm2',
};

export const nomicBert = encoder({
  ...NOMIC,
  name: 'nomic-bert',
  layer: { ...NOMIC_LAYER, ffn_gate: 'mlp.fc12', ffn_up: 'mlp.fc11' },
  config: (model) => ({ ...nomicConfig(model), activation_function: 'swiglu' }),
});

/** nomic-embed-text-v2-moe: some layers have experts in the place of an MLP. */
export const nomicBertMoe = encoder({
  ...NOMIC,
  name: 'nomic-bert-moe',
  layer: {
    ...NOMIC_LAYER,
    ffn_up: 'mlp.fc1',
    ffn_gate_inp: 'mlp.router.layer',
    ffn_up_exps: 'mlp.experts.*.up_proj',
    ffn_down_exps: 'mlp.experts.*.down_proj',
  },
  config: (model) => {
    const { name, fields } = model;
    return {
      ...nomicConfig(model),
      activation_function: 'gelu',
      moe_every_n_layers: fields.number(`${name}.moe_every_n_layers`),
      num_experts: fields.number(`${name}.expert_count`),
      moe_top_k: fields.number(`${name}.expert_used_count`),
      // The converter leaves it out.
      moe_bias: false,
    };
  },
});

function nomicConfig(model: GgufModel): JsonObject {
  const { name, fields } = model;
  const sizes = encoderSizes(model);
  return {
    architectures: ['NomicBertModel'],
    model_type: 'nomic_bert',
    n_embd: sizes['hidden_size'],
    n_inner: sizes['intermediate_size'],
    n_layer: sizes['num_hidden_layers'],
    n_head: sizes['num_attention_heads'],
    n_positions: sizes['max_position_embeddings'],
    layer_norm_epsilon: epsilon(model),
    rotary_emb_base: fields.numberOrNull(`${name}.rope.freq_base`) ?? THETA,
    qkv_proj_bias: hasPart(model, 'attn_qkv.bias'),
    mlp_fc1_bias: hasPart(model, 'ffn_up.bias'),
    mlp_fc2_bias: hasPart(model, 'ffn_down.bias'),
  };
}

export const jinaBert = encoder({
  name: 'jina-bert-v2',
  classes: ['JinaBertModel', 'JinaBertForMaskedLM'],
  outer: {
    token_embd: 'embeddings.word_embeddings',
    token_types: 'embeddings.token_type_embeddings',
    token_embd_norm: 'embeddings.LayerNorm',
  },
  layer: {
    attn_q: 'attention.self.query',
    attn_k: 'attention.self.key',
    attn_v: 'attention.self.value',
    attn_output: 'attention.output.dense',
    attn_output_norm: 'attention.output.LayerNorm',
    ffn_up: 'mlp.gated_layers',
    ffn_down: 'mlp.wo',
    layer_output_norm: 'mlp.layernorm',
  },
  layerPrefix: 'encoder.layer.',
  config: (model) => {
    labelsOf(model);
    const { fields } = model;
    const width = fields.number('jina-bert-v2.feed_forward_length');
    if (hasPart(model, 'attn_q_norm.weight') || rowsOfPart(model, 'ffn_up') !== 2 * width) {
      fields.fail(
        'jina-bert-v2 with norms of heads or a gate of its own (v2-base-code) is not supported',
      );
    }
    return {
      architectures: ['JinaBertModel'],
      model_type: 'bert',
      position_embedding_type: 'alibi',
      feed_forward_type: 'geglu',
    };
  },
});
