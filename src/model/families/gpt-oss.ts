import { decoder, readTied } from './decoder.js';
import type { ModelFamily } from './family.js';
import { attention } from './parts/attention.js';
import type { ExpertStacks } from './parts/expert-stacks.js';
import { readExpertSizes, routedMlp, softmaxRouting } from './parts/experts.js';
import { preNorm } from './parts/layers.js';
import { rmsNorm } from './parts/norm.js';
import { readRope, withScaling } from './rope-config.js';
import { readSizes, refusePartialRotary } from './sizes.js';
import { windowsByLayer } from './sliding-window.js';

const architecture = 'GptOssForCausalLM';

/** Stored in MXFP4 each expert has tensors of its own (source/quantized/mxfp4.ts), but for the biases. */
const TURNED: ExpertStacks = {
  gateUp: 'experts.gate_up_proj',
  down: 'experts.down_proj',
  order: 'in turns',
  router: 'router',
  isFallback: true,
};

const SCALING = {
  rope_type: 'yarn',
  factor: 32,
  beta_fast: 32,
  beta_slow: 1,
  truncate: false,
  original_max_position_embeddings: 4096,
};

/** Sinks in attention, every other layer with a window, and routed experts within limits (arXiv 2508.10925). */
export const gptOss: ModelFamily = {
  architecture,
  models: 'gpt-oss',
  defaults: { num_key_value_heads: 8, num_local_experts: 128, num_experts_per_tok: 4 },
  read: (said) => {
    const fields = withScaling(said, SCALING);
    refusePartialRotary(fields);
    const config = readSizes(fields, {
      architecture,
      modelType: 'gpt_oss',
      defaultHeadDim: 64,
      reach: readRope(fields, 150_000),
    });
    const norm = rmsNorm(fields, 'rms_norm_eps', 1e-5);
    const bias = fields.boolean('attention_bias', true);
    const window = fields.size('sliding_window', 128);
    const windows = windowsByLayer(fields, window, (layer) => layer % 2 === 0);
    const sizes = readExpertSizes(fields, {
      count: 'num_local_experts',
      topK: 'num_experts_per_tok',
    });
    const limit = fields.positive('swiglu_limit', 7);
    return decoder(config, {
      norm,
      tied: readTied(fields),
      layer: (place) =>
        preNorm(place, norm, {
          attention: attention(place, {
            qkvBias: bias,
            outputBias: bias,
            window: windows[place.index] ?? null,
            sinks: 'sinks',
          }),
          mlp: routedMlp(place, {
            ...sizes,
            activation: 'quick_gelu',
            width: config.intermediateSize,
            bias: true,
            routerBias: true,
            limit,
            // Softmax over the chosen experts alone.
            routing: softmaxRouting(true),
            modules: { router: 'router' },
            stacks: [TURNED],
          }),
        }),
    });
  },
};
