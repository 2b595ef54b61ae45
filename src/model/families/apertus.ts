import { decoder, readTied } from './decoder.js';
import type { ModelFamily } from './family.js';
import { attention } from './parts/attention.js';
import { preNorm } from './parts/layers.js';
import { plainMlp, readActivation, UP_DOWN } from './parts/mlp.js';
import { rmsNorm } from './parts/norm.js';
import { readRope, withScaling } from './rope-config.js';
import { isOfVersion5 } from './saved-by.js';
import { readSizes, refusePartialRotary } from './sizes.js';

const architecture = 'ApertusForCausalLM';

const THETA = 12_000_000;
const SCALING = {
  rope_type: 'llama3',
  factor: 8,
  original_max_position_embeddings: 8192,
  low_freq_factor: 1,
  high_freq_factor: 4,
};

/** Norms of the heads of q and k, and a plain MLP whose activation is learned (arXiv 2509.14233). */
export const apertus: ModelFamily = {
  architecture,
  models: 'Apertus',
  read: (said) => {
    const fields = withScaling(said, SCALING, { ...SCALING, rope_theta: THETA });
    refusePartialRotary(fields);
    const config = readSizes(fields, {
      architecture,
      modelType: 'apertus',
      reach: readRope(fields, THETA),
    });
    const norm = rmsNorm(fields, 'rms_norm_eps', 1e-5);
    const isLearned = fields.text('hidden_act', 'xielu') === 'xielu';
    // Until version 5 of transformers, whatever else is computed in.
    const learned = { kind: 'xielu', isRounded: !isOfVersion5(fields) } as const;
    const activation = isLearned ? learned : readActivation(fields);
    const bias = fields.boolean('attention_bias', false);
    return decoder(config, {
      norm,
      tied: readTied(fields),
      layer: (place) =>
        preNorm(place, norm, {
          modules: { attention: 'attention_layernorm', mlp: 'feedforward_layernorm' },
          attention: attention(place, {
            qkvBias: bias,
            outputBias: bias,
            headNorm: { ...norm, over: 'head' },
          }),
          mlp: plainMlp(place, { activation, bias: false, modules: UP_DOWN }),
        }),
    });
  },
};
