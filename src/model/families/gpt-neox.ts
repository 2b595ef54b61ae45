import type { ConfigFields } from './config-fields.js';
import { decoder, readTied } from './decoder.js';
import type { ModelFamily } from './family.js';
import { attention } from './parts/attention.js';
import { parallel, preNorm } from './parts/layers.js';
import { plainMlp, readActivation } from './parts/mlp.js';
import { layerNorm } from './parts/norm.js';
import { partialRotary } from './parts/rotary.js';
import { readRope } from './rope-config.js';
import { readSizes } from './sizes.js';

const architecture = 'GPTNeoXForCausalLM';

const NORMS = { attention: 'input_layernorm', mlp: 'post_attention_layernorm' };

/** Pythia and GPT-NeoX-20B: LayerNorms, attention and MLP beside each other, a quarter of a head rotated. */
export const gptNeox: ModelFamily = {
  architecture,
  models: 'Pythia, GPT-NeoX',
  read: (fields) => {
    const config = readSizes(fields, {
      architecture,
      modelType: 'gpt_neox',
      hasHeadDim: false,
      sharesHeads: false,
      reach: readRope(fields, readTheta(fields)),
    });
    const norm = layerNorm(fields, 'layer_norm_eps');
    const bias = fields.boolean('attention_bias', true);
    const activation = readActivation(fields, 'hidden_act', 'gelu');
    const rotary = partialRotary(fields, config, { field: 'rotary_pct', fallback: 0.25 });
    const place = fields.boolean('use_parallel_residual', true) ? parallel : preNorm;
    return decoder(config, {
      norm,
      tied: readTied(fields),
      modules: {
        embedding: 'gpt_neox.embed_in',
        layers: 'gpt_neox.layers',
        finalNorm: 'gpt_neox.final_layer_norm',
        head: 'embed_out',
      },
      layer: (at) =>
        place(at, norm, {
          modules: NORMS,
          attention: attention(at, {
            qkvBias: bias,
            outputBias: bias,
            rotary,
            fused: { module: 'query_key_value', heads: 'in turns' },
            modules: { at: 'attention', o: 'dense' },
          }),
          mlp: plainMlp(at, {
            activation,
            bias: true,
            modules: { at: 'mlp', up: 'dense_h_to_4h', down: 'dense_4h_to_h' },
          }),
        }),
    });
  },
};

function readTheta(fields: ConfigFields): number {
  return fields.positive('rotary_emb_base', 10_000);
}
