import { decoder, readTied } from './decoder.js';
import type { ModelFamily } from './family.js';
import { alibiSlopes } from './parts/alibi.js';
import { attention } from './parts/attention.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp, readActivation } from './parts/mlp.js';
import { rmsNorm } from './parts/norm.js';
import { NO_ROTATION } from './rope-config.js';
import { readSizes, refusePartialRotary } from './sizes.js';

const architecture = 'BaichuanForCausalLM';

/** The vocabulary of Baichuan 2, by which vLLM and SGLang know that its head has rows of length 1. */
const BAICHUAN2_VOCAB = 125_696;

/**
 * Llama whose q, k and v are one matrix. The 13B tells positions apart by ALiBi, and its config.json has no
 * `max_position_embeddings` (arXiv 2309.10305).
 */
export const baichuan: ModelFamily = {
  architecture,
  models: 'Baichuan 13B, Baichuan 2',
  read: (fields) => {
    refusePartialRotary(fields);
    const rotates = fields.has('max_position_embeddings');
    const contextLength = (): number => fields.size('model_max_length', 4096);
    const config = readSizes(fields, {
      architecture,
      modelType: 'baichuan',
      hasHeadDim: false,
      sharesHeads: false,
      ...(rotates ? {} : { reach: { rope: NO_ROTATION, contextLength: contextLength() } }),
    });
    const norm = rmsNorm(fields);
    const activation = readActivation(fields);
    const alibi = { slopes: alibiSlopes(config.numHeads), isBf16: false, factor: 1 };
    return decoder(config, {
      norm,
      tied: readTied(fields),
      hasUnitHead: config.vocabSize === BAICHUAN2_VOCAB,
      layer: (place) =>
        preNorm(place, norm, {
          attention: attention(place, {
            fused: { module: 'W_pack', heads: 'in order' },
            ...(rotates ? {} : { rotary: null, alibi }),
          }),
          mlp: gatedMlp(place, { activation }),
        }),
    });
  },
};
