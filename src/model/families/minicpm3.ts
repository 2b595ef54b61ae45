import { decoder, readTied } from './decoder.js';
import type { ModelFamily } from './family.js';
import { readLatentSizes } from './latent-sizes.js';
import { latentAttention, latentScale } from './parts/latent-attention.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp, readActivation } from './parts/mlp.js';
import { rmsNorm } from './parts/norm.js';
import { refusePartialRotary } from './sizes.js';

const architecture = 'MiniCPM3ForCausalLM';

/** Latent attention in dense layers, and MiniCPM's factors of the embedding, of what each half adds, and of the logits. */
export const minicpm3: ModelFamily = {
  architecture,
  models: 'MiniCPM3 4B',
  read: (fields) => {
    refusePartialRotary(fields);
    const { config, sizes } = readLatentSizes(fields, {
      architecture,
      modelType: 'minicpm3',
      defaults: { queryRank: 768, rank: 256, turning: 32, still: 64, value: null },
    });
    const { hiddenSize, numLayers } = config;
    const norm = rmsNorm(fields, 'rms_norm_eps', 1e-5);
    const activation = readActivation(fields);
    const mlpBias = fields.boolean('mlp_bias', false);
    const bias = fields.boolean('attention_bias', false);
    const scale = latentScale(fields, sizes);
    const depth = fields.positiveOrNull('scale_depth', 1.4);
    const residualScale = depth === null ? 1 : depth / Math.sqrt(numLayers);
    const base = fields.positiveOrNull('dim_model_base', 256);
    return decoder(config, {
      norm,
      tied: readTied(fields, true),
      embeddingScale: fields.positive('scale_emb', 12),
      logitScale: base === null ? 1 : base / hiddenSize,
      layer: (place) =>
        preNorm(place, norm, {
          attention: latentAttention(place, { sizes, bias, interleaved: false, scale }),
          mlp: gatedMlp(place, { activation, bias: mlpBias }),
          residualScale,
        }),
    });
  },
};
