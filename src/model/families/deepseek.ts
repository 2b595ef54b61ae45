import type { ConfigFields } from './config-fields.js';
import { decoder, readTied } from './decoder.js';
import type { DecoderModel, ModelFamily } from './family.js';
import { readLatentSizes, type LatentDefaults } from './latent-sizes.js';
import {
  type DeepseekExperts,
  readSigmoidExperts,
  readSoftmaxExperts,
  routesFrom,
} from './parts/deepseek-experts.js';
import { routedMlp } from './parts/experts.js';
import { latentAttention, latentScale } from './parts/latent-attention.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp, readActivation } from './parts/mlp.js';
import { rmsNorm } from './parts/norm.js';
import { refusePartialRotary } from './sizes.js';

export interface DeepseekTraits {
  readonly architecture: string;
  readonly modelType: string;
  readonly defaults: LatentDefaults;
  readonly interleaved: boolean;
  readonly eps: number;
  readonly experts: DeepseekExperts;
  readonly routes: (layer: number) => boolean;
  /** Of dense MLPs; default: they have none. */
  readonly mlpBias?: boolean;
}

const DEFAULTS: LatentDefaults = {
  queryRank: 1536,
  rank: 512,
  turning: 64,
  still: 128,
  value: 128,
};

/** Latent attention, dense layers, and behind them such with routed experts beside shared ones. */
export function deepseek(fields: ConfigFields, traits: DeepseekTraits): DecoderModel {
  refusePartialRotary(fields);
  const { interleaved, experts, routes, mlpBias = false } = traits;
  const { config, sizes } = readLatentSizes(fields, traits);
  const norm = rmsNorm(fields, 'rms_norm_eps', traits.eps);
  const activation = readActivation(fields);
  const bias = fields.boolean('attention_bias', false);
  const scale = latentScale(fields, sizes);
  return decoder(config, {
    norm,
    tied: readTied(fields),
    layer: (place) =>
      preNorm(place, norm, {
        attention: latentAttention(place, { sizes, bias, interleaved, scale }),
        mlp: routes(place.index)
          ? routedMlp(place, { ...experts, activation })
          : gatedMlp(place, { activation, bias: mlpBias }),
      }),
  });
}

/** DeepSeek-V2 and V2-Lite (arXiv 2405.04434). */
export const deepseekV2: ModelFamily = {
  architecture: 'DeepseekV2ForCausalLM',
  models: 'DeepSeek-V2, V2-Lite',
  defaults: { n_shared_experts: 2, moe_intermediate_size: 1407 },
  read: (fields) =>
    deepseek(fields, {
      architecture: 'DeepseekV2ForCausalLM',
      modelType: 'deepseek_v2',
      defaults: DEFAULTS,
      interleaved: true,
      eps: 1e-6,
      experts: readSoftmaxExperts(fields, 64),
      routes: routesFrom(fields, 0),
      mlpBias: fields.boolean('mlp_bias', false),
    }),
};

/** DeepSeek-V3 and R1 (arXiv 2412.19437). */
export const deepseekV3: ModelFamily = {
  architecture: 'DeepseekV3ForCausalLM',
  models: 'DeepSeek-V3, R1',
  defaults: {
    n_shared_experts: 1,
    num_experts_per_tok: 8,
    moe_intermediate_size: 2048,
    n_group: 8,
    topk_group: 4,
  },
  read: (fields) =>
    deepseek(fields, {
      architecture: 'DeepseekV3ForCausalLM',
      modelType: 'deepseek_v3',
      defaults: DEFAULTS,
      interleaved: fields.boolean('rope_interleave', true),
      eps: 1e-6,
      experts: readSigmoidExperts(fields, { numExperts: 256, scale: 2.5 }),
      routes: routesFrom(fields, 3),
    }),
};
