import type { ConfigFields } from './config-fields.js';
import { decoder, readTied } from './decoder.js';
import type { ModelFamily } from './family.js';
import { alibiSlopes } from './parts/alibi.js';
import { attention } from './parts/attention.js';
import { parallel, preNorm } from './parts/layers.js';
import { plainMlp, readActivation } from './parts/mlp.js';
import { layerNorm } from './parts/norm.js';
import { readSizes } from './sizes.js';

const architecture = 'FalconForCausalLM';

const NAMES = { intermediate_size: 'ffn_hidden_size', num_key_value_heads: 'num_kv_heads' };

/** Falcon 7B, 11B and 40B, and Falcon-RW with ALiBi in the place of a rotation (arXiv 2311.16867). */
export const falcon: ModelFamily = {
  architecture,
  models: 'Falcon 7B, 11B, 40B, Falcon-RW',
  read: (json) => {
    const isNew = json.boolean('new_decoder_architecture', false);
    const sharesOne = !isNew && json.boolean('multi_query', true);
    const fields = json.named(NAMES);
    const sizes = readSizes(fields, {
      architecture,
      modelType: 'falcon',
      hasHeadDim: false,
      sharesHeads: !sharesOne,
      intermediateSize: 4 * fields.size('hidden_size'),
    });
    const config = { ...sizes, numKvHeads: sharesOne ? 1 : sizes.numKvHeads };
    const norm = layerNorm(fields, 'layer_norm_epsilon');
    const bias = fields.boolean('bias', false);
    const activation = readActivation(fields, 'activation', 'gelu');
    const hasAlibi = fields.boolean('alibi', false);
    // transformers scales the products, which it has in bf16, along with the scores.
    const alibi = hasAlibi && {
      slopes: alibiSlopes(config.numHeads),
      isBf16: true,
      factor: 1 / Math.sqrt(config.headDim),
    };
    const modules = readNorms(fields, isNew);
    return decoder(config, {
      norm,
      tied: readTied(fields, true),
      modules: {
        embedding: 'transformer.word_embeddings',
        layers: 'transformer.h',
        finalNorm: 'transformer.ln_f',
      },
      layer: (place) => {
        const halves = {
          attention: attention(place, {
            qkvBias: bias,
            outputBias: bias,
            fused: { module: 'query_key_value', heads: 'in turns' },
            modules: { at: 'self_attention', o: 'dense' },
            ...(alibi === false ? {} : { rotary: null, alibi }),
          }),
          mlp: plainMlp(place, {
            activation,
            bias,
            modules: { at: 'mlp', up: 'dense_h_to_4h', down: 'dense_4h_to_h' },
          }),
        };
        return modules === null
          ? preNorm(place, norm, halves)
          : parallel(place, norm, { ...halves, modules });
      },
    });
  },
};

/** Names of the norms where attention and MLP are beside each other; null = they are not. */
function readNorms(
  fields: ConfigFields,
  isNew: boolean,
): { readonly attention: string; readonly mlp: string | null } | null {
  const isParallel = fields.boolean('parallel_attn', true);
  if (isNew && !isParallel) {
    fields.fail('parallel_attn', 'true where "new_decoder_architecture" is');
  }
  if (!isParallel) return null;
  return isNew && fields.size('num_ln_in_parallel_attn', 2) === 2
    ? { attention: 'ln_attn', mlp: 'ln_mlp' }
    : { attention: 'input_layernorm', mlp: null };
}
