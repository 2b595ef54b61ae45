import { decoder, readTied } from './decoder.js';
import type { ModelFamily } from './family.js';
import type { ModelConfig } from './model-config.js';
import { attention } from './parts/attention.js';
import { preNorm } from './parts/layers.js';
import { plainMlp, readActivation } from './parts/mlp.js';
import { layerNorm } from './parts/norm.js';
import { NO_ROTATION } from './rope-config.js';
import { readSizes } from './sizes.js';

const architecture = 'GPT2LMHeadModel';

const NAMES = {
  hidden_size: 'n_embd',
  num_attention_heads: 'n_head',
  num_hidden_layers: 'n_layer',
  max_position_embeddings: 'n_positions',
  intermediate_size: 'n_inner',
};

/** GPT-2: positions are learned, and weights transposed. */
export const gpt2: ModelFamily = {
  architecture,
  models: 'GPT-2, DistilGPT-2',
  read: (json) => {
    const fields = json.named(NAMES);
    const count = fields.size('max_position_embeddings', 1024);
    const config: ModelConfig = readSizes(fields, {
      architecture,
      modelType: 'gpt2',
      hasHeadDim: false,
      sharesHeads: false,
      intermediateSize: 4 * fields.size('hidden_size'),
      reach: { rope: NO_ROTATION, contextLength: count },
    });
    const norm = layerNorm(fields, 'layer_norm_epsilon');
    const activation = readActivation(fields, 'activation_function', 'gelu_new');
    const whole = fields.boolean('scale_attn_weights', true) ? 1 / Math.sqrt(config.headDim) : 1;
    const sharesScale = fields.boolean('scale_attn_by_inverse_layer_idx', false);
    return decoder(config, {
      norm,
      tied: readTied(fields, true),
      positions: { module: 'transformer.wpe', count },
      modules: {
        embedding: 'transformer.wte',
        layers: 'transformer.h',
        finalNorm: 'transformer.ln_f',
      },
      layer: (place) =>
        preNorm(place, norm, {
          modules: { attention: 'ln_1', mlp: 'ln_2' },
          attention: attention(place, {
            qkvBias: true,
            outputBias: true,
            rotary: null,
            scale: sharesScale ? whole / (place.index + 1) : whole,
            fused: { module: 'c_attn', heads: 'in order' },
            isTransposed: true,
            modules: { at: 'attn', o: 'c_proj' },
          }),
          mlp: plainMlp(place, {
            activation,
            bias: true,
            isTransposed: true,
            modules: { at: 'mlp', up: 'c_fc', down: 'c_proj' },
          }),
        }),
    });
  },
};
