import { decoder, readTied } from './decoder.js';
import type { ModelFamily } from './family.js';
import { attention } from './parts/attention.js';
import { sandwich, type SandwichModules } from './parts/layers.js';
import { gatedMlp, readActivation } from './parts/mlp.js';
import { rmsNorm } from './parts/norm.js';
import { readSizes, refusePartialRotary } from './sizes.js';
import { windowsByLayer } from './sliding-window.js';

const architecture = 'Gemma2ForCausalLM';

/** What the four norms of a layer are called, from Gemma 2 on. */
export const GEMMA_NORMS: SandwichModules = {
  input: 'input_layernorm',
  attentionOutput: 'post_attention_layernorm',
  mlp: 'pre_feedforward_layernorm',
  mlpOutput: 'post_feedforward_layernorm',
};

/**
 * Llama with norms on both sides of attention and MLP, windows in every other layer, and soft caps on
 * scores and logits (arXiv 2408.00118). The defaults are those of transformers' Gemma2Config.
 */
export const gemma2: ModelFamily = {
  architecture,
  models: 'Gemma 2',
  defaults: { num_key_value_heads: 4 },
  read: (fields) => {
    refusePartialRotary(fields);
    const config = readSizes(fields, { architecture, modelType: 'gemma2', defaultHeadDim: 256 });
    const norm = { ...rmsNorm(fields), gainOffset: 1 };
    const bias = fields.boolean('attention_bias', false);
    const activation = readActivation(fields, 'hidden_activation', 'gelu_pytorch_tanh');
    const window = fields.size('sliding_window', 4096);
    const windows = windowsByLayer(fields, window, (layer) => layer % 2 === 0);
    const softcap = fields.positiveOrNull('attn_logit_softcapping', 50);
    const scale = 1 / Math.sqrt(fields.positive('query_pre_attn_scalar', 256));
    return decoder(config, {
      norm,
      tied: readTied(fields, true),
      // transformers rounds it to the dtype it computes in, which here is f32.
      embeddingScale: Math.sqrt(config.hiddenSize),
      logitSoftcap: fields.positiveOrNull('final_logit_softcapping', 30),
      layer: (place) =>
        sandwich(place, norm, {
          modules: GEMMA_NORMS,
          attention: attention(place, {
            qkvBias: bias,
            outputBias: bias,
            scale,
            softcap,
            window: windows[place.index] ?? null,
          }),
          mlp: gatedMlp(place, { activation }),
        }),
    });
  },
};
