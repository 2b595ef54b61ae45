import { AS_IT_IS, type GgufArchitecture } from './architecture.js';

/** BERT and the RoBERTa line, whose positions are stored from the first that is used on. */
export const bert: GgufArchitecture = {
  name: 'bert',
  classes: ['BertModel', 'RobertaModel', 'XLMRobertaModel'],
  outer: {
    token_embd: 'embeddings.word_embeddings',
    position_embd: 'embeddings.position_embeddings',
    token_types: 'embeddings.token_type_embeddings',
    token_embd_norm: 'embeddings.LayerNorm',
  },
  layer: () => ({
    attn_q: 'attention.self.query',
    attn_k: 'attention.self.key',
    attn_v: 'attention.self.value',
    attn_output: 'attention.output.dense',
    attn_output_norm: 'attention.output.LayerNorm',
    ffn_up: 'intermediate.dense',
    ffn_down: 'output.dense',
    layer_output_norm: 'output.LayerNorm',
  }),
  layerPrefix: 'encoder.layer.',
  change: () => AS_IT_IS,
  split: () => null,
  given: () => new Map(),
  config: ({ fields, tensors }) => {
    if ([...tensors.keys()].some((name) => name.startsWith('cls.'))) {
      fields.fail('bert with a head for classes (a reranker) is not supported');
    }
    return Promise.resolve({
      architectures: ['BertModel'],
      model_type: 'bert',
      hidden_size: fields.number('bert.embedding_length'),
      intermediate_size: fields.number('bert.feed_forward_length'),
      num_hidden_layers: fields.number('bert.block_count'),
      num_attention_heads: fields.number('bert.attention.head_count'),
      layer_norm_eps: fields.number('bert.attention.layer_norm_epsilon'),
      vocab_size: tensors.get('token_embd.weight')?.shape[0],
      max_position_embeddings: tensors.get('position_embd.weight')?.shape[0],
      type_vocab_size: tensors.get('token_types.weight')?.shape.at(-2) ?? 1,
    });
  },
};
