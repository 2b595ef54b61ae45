/** Decoders with LayerNorms. */
import { decoder, gainsFromOne } from './decoder.js';
import { epsilon, hasPart, numHeads, numLayers, rowsOfPart } from './sizes.js';

export const falcon = decoder({
  name: 'falcon',
  classes: ['FalconForCausalLM'],
  outer: { token_embd: 'transformer.word_embeddings', output_norm: 'transformer.ln_f' },
  layerPrefix: 'transformer.h.',
  layer: (model) => ({
    ...(hasPart(model, 'attn_norm_2.weight')
      ? { attn_norm: 'ln_mlp', attn_norm_2: 'ln_attn' }
      : { attn_norm: 'input_layernorm' }),
    attn_q: 'self_attention.q_proj',
    attn_k: 'self_attention.k_proj',
    attn_v: 'self_attention.v_proj',
    attn_output: 'self_attention.dense',
    ffn_up: 'mlp.dense_h_to_4h',
    ffn_down: 'mlp.dense_4h_to_h',
  }),
  config: (model) => {
    const numKvHeads = model.fields.numberOrNull('falcon.attention.head_count_kv') ?? 1;
    const sharesOne = numKvHeads === 1;
    return {
      architectures: ['FalconForCausalLM'],
      model_type: 'falcon',
      layer_norm_epsilon: epsilon(model),
      ffn_hidden_size: rowsOfPart(model, 'ffn_up'),
      num_kv_heads: numKvHeads,
      multi_query: sharesOne,
      new_decoder_architecture: !sharesOne && numKvHeads !== numHeads(model),
      num_ln_in_parallel_attn: hasPart(model, 'attn_norm_2.weight') ? 2 : 1,
      parallel_attn: true,
      bias: hasPart(model, 'attn_qkv.bias'),
    };
  },
});

export const gptNeox = decoder({
  name: 'gptneox',
  classes: ['GPTNeoXForCausalLM'],
  outer: {
    token_embd: 'gpt_neox.embed_in',
    output_norm: 'gpt_neox.final_layer_norm',
    output: 'embed_out',
  },
  layerPrefix: 'gpt_neox.layers.',
  layer: {
    attn_q: 'attention.q_proj',
    attn_k: 'attention.k_proj',
    attn_v: 'attention.v_proj',
    attn_output: 'attention.dense',
    ffn_up: 'mlp.dense_h_to_4h',
    ffn_down: 'mlp.dense_4h_to_h',
  },
  turning: 'share',
  config: (model, { partial_rotary_factor: share }) => ({
    architectures: ['GPTNeoXForCausalLM'],
    model_type: 'gpt_neox',
    layer_norm_eps: epsilon(model),
    rotary_pct: share,
    attention_bias: hasPart(model, 'attn_qkv.bias'),
    use_parallel_residual: model.fields.booleanOrNull('gptneox.use_parallel_residual') ?? true,
  }),
});

/** Weights are stored as those of linears, which GPT-2's checkpoints have transposed. */
export const gpt2 = decoder({
  name: 'gpt2',
  classes: ['GPT2LMHeadModel'],
  outer: {
    token_embd: 'transformer.wte',
    position_embd: 'transformer.wpe',
    output_norm: 'transformer.ln_f',
  },
  layerPrefix: 'transformer.h.',
  layer: {
    attn_norm: 'ln_1',
    ffn_norm: 'ln_2',
    attn_q: 'attn.q_proj',
    attn_k: 'attn.k_proj',
    attn_v: 'attn.v_proj',
    attn_output: 'attn.c_proj turned',
    ffn_up: 'mlp.c_fc turned',
    ffn_down: 'mlp.c_proj turned',
  },
  turning: 'none',
  config: (model) => ({
    architectures: ['GPT2LMHeadModel'],
    model_type: 'gpt2',
    n_embd: model.fields.number('gpt2.embedding_length'),
    n_head: numHeads(model),
    n_layer: numLayers(model),
    n_positions: model.tensors.get('position_embd.weight')?.shape[0],
    n_inner: rowsOfPart(model, 'ffn_up'),
    layer_norm_epsilon: epsilon(model),
  }),
});

export const starcoder2 = decoder({
  name: 'starcoder2',
  classes: ['Starcoder2ForCausalLM'],
  layer: { ffn_up: 'mlp.c_fc', ffn_down: 'mlp.c_proj' },
  config: (model) => ({
    architectures: ['Starcoder2ForCausalLM'],
    model_type: 'starcoder2',
    norm_epsilon: epsilon(model),
    use_bias: hasPart(model, 'attn_q.bias'),
  }),
});

/** Norms of heads are one tensor; checkpoints have one for each head. */
export const stablelm = decoder({
  name: 'stablelm',
  classes: ['StableLmForCausalLM'],
  layer: {
    attn_q_norm: 'self_attn.q_layernorm.norms.*',
    attn_k_norm: 'self_attn.k_layernorm.norms.*',
  },
  turning: 'share',
  config: (model) => ({
    architectures: ['StableLmForCausalLM'],
    model_type: 'stablelm',
    layer_norm_eps: epsilon(model),
    use_qkv_bias: hasPart(model, 'attn_q.bias'),
    qk_layernorm: hasPart(model, 'attn_q_norm.weight'),
    use_parallel_residual: !hasPart(model, 'ffn_norm.weight'),
  }),
});

export const nemotron = decoder({
  name: 'nemotron',
  classes: ['NemotronForCausalLM'],
  turning: 'share',
  config: (model) => ({
    architectures: ['NemotronForCausalLM'],
    model_type: 'nemotron',
    norm_eps: model.fields.number('nemotron.attention.layer_norm_epsilon'),
    attention_bias: hasPart(model, 'attn_q.bias'),
    mlp_bias: hasPart(model, 'ffn_up.bias'),
  }),
  change: gainsFromOne,
});
