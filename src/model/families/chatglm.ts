import { type ConfigFields, ModelConfigError } from './config-fields.js';
import { decoder } from './decoder.js';
import type { DecoderModel, ModelFamily } from './family.js';
import { attention } from './parts/attention.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp } from './parts/mlp.js';
import { rmsNorm } from './parts/norm.js';
import { readRope } from './rope-config.js';
import { readSizes } from './sizes.js';

/** What its own code calls the fields that others have. */
const FIELDS = {
  vocab_size: 'padded_vocab_size',
  num_hidden_layers: 'num_layers',
  intermediate_size: 'ffn_hidden_size',
  head_dim: 'kv_channels',
  num_key_value_heads: 'multi_query_group_num',
  max_position_embeddings: 'seq_length',
  rms_norm_eps: 'layernorm_epsilon',
};

/** Variants that no checkpoint of these names has. */
const REQUIRED = {
  rmsnorm: true,
  post_layer_norm: true,
  apply_residual_connection_post_layernorm: false,
  original_rope: true,
};

const MODULES = {
  embedding: 'transformer.embedding.word_embeddings',
  layers: 'transformer.encoder.layers',
  finalNorm: 'transformer.encoder.final_layernorm',
  head: 'transformer.output_layer',
};

const THETA = 10_000;

/** ChatGLM 2 and 3, and glm-4-9b-chat: GLM before transformers had it. */
export const chatGlmModel = chatGlm('ChatGLMModel', 'glm-4-9b-chat, ChatGLM 2 and 3');
export const chatGlmConditional = chatGlm(
  'ChatGLMForConditionalGeneration',
  'glm-4-9b-chat under its other name',
);

function chatGlm(architecture: string, models: string): ModelFamily {
  return { architecture, models, read: (fields) => read(fields.named(FIELDS), architecture) };
}

function read(fields: ConfigFields, architecture: string): DecoderModel {
  requireUsual(fields);
  const theta = THETA * fields.positive('rope_ratio', 1);
  const config = readSizes(fields, {
    architecture,
    modelType: 'chatglm',
    sharesHeads: fields.boolean('multi_query_attention', false),
    reach: readRope(fields, theta),
  });
  const norm = rmsNorm(fields, 'rms_norm_eps', 1e-5);
  const bias = fields.boolean('add_bias_linear', false);
  const qkvBias = bias || fields.boolean('add_qkv_bias', false);
  const rotary = { rope: config.rope, dims: config.headDim / 2, interleaved: true };
  return decoder(config, {
    norm,
    tied: false,
    modules: MODULES,
    layer: (place) =>
      preNorm(place, norm, {
        attention: attention(place, {
          qkvBias,
          outputBias: bias,
          rotary,
          fused: { module: 'query_key_value', heads: 'in order' },
          modules: { at: 'self_attention', o: 'dense' },
        }),
        mlp: gatedMlp(place, {
          activation: 'silu',
          bias,
          fused: 'dense_h_to_4h',
          modules: { down: 'dense_4h_to_h' },
        }),
      }),
  });
}

function requireUsual(fields: ConfigFields): void {
  for (const [name, value] of Object.entries(REQUIRED)) {
    if (fields.boolean(name, value) !== value) fields.fail(name, String(value));
  }
  if (fields.has('pre_seq_len')) {
    throw new ModelConfigError('config.json: "pre_seq_len" is not supported: prefix tuning');
  }
}
