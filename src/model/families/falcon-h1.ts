import type { MambaFactors } from '../plan/recurrent.js';
import { BAMBA_MODULES, BAMBA_NORMS } from './bamba.js';
import type { ConfigFields } from './config-fields.js';
import { decoder, readTied } from './decoder.js';
import type { ModelFamily } from './family.js';
import { attention } from './parts/attention.js';
import { preNorm } from './parts/layers.js';
import { expandedWidth, mamba2, readMambaSizes } from './parts/mamba.js';
import { gatedMlp, readActivation } from './parts/mlp.js';
import { rmsNorm } from './parts/norm.js';
import { readRope } from './rope-config.js';
import { readSizes } from './sizes.js';

const architecture = 'FalconH1ForCausalLM';

/** Of its config class, where they are not those of others. */
const DEFAULTS = { num_key_value_heads: 8 };

/** Attention and Mamba-2 beside each other in every layer, with factors in all places (arXiv 2507.22448). */
export const falconH1: ModelFamily = {
  architecture,
  models: 'Falcon-H1',
  read: (own) => {
    const fields = own.completed(DEFAULTS);
    const config = readSizes(fields, {
      architecture,
      modelType: 'falcon_h1',
      reach: readRope(fields, 100_000),
    });
    const norm = rmsNorm(fields, 'rms_norm_eps', 1e-5);
    const activation = readActivation(fields);
    if (activation !== 'silu') fields.fail('hidden_act', 'silu');
    const inner = fields.has('mamba_d_ssm')
      ? fields.size('mamba_d_ssm')
      : expandedWidth(fields, config);
    const sizes = readMambaSizes(fields, inner);
    const factors = mambaFactors(fields, sizes.inputBias);
    // q, k and v are linear in what attention reads: its factor is in their product, and in what they give.
    const attentionIn = fields.positive('attention_in_multiplier', 1);
    const scale =
      (attentionIn ** 2 * fields.positive('key_multiplier', 1)) / Math.sqrt(config.headDim);
    const [gateScale = 1, mlpScale = 1] = factorsOf(fields, 'mlp_multipliers', 2);
    const gateBehind = fields.boolean('mamba_norm_before_gate', true);
    const bias = fields.boolean('attention_bias', false);
    if (bias && attentionIn !== 1) {
      fields.fail('attention_in_multiplier', '1 beside "attention_bias"');
    }
    const mlpBias = fields.boolean('mlp_bias', false);
    const isNormed = fields.boolean('mamba_rms_norm', false);
    return decoder(config, {
      norm,
      tied: readTied(fields),
      modules: BAMBA_MODULES,
      embeddingScale: fields.positive('embedding_multiplier', 1),
      logitScale: fields.positive('lm_head_multiplier', 1),
      layer: (place) =>
        preNorm(place, norm, {
          modules: BAMBA_NORMS,
          attention: attention(place, {
            qkvBias: bias,
            outputBias: bias,
            scale,
            outputScale: attentionIn * fields.positive('attention_out_multiplier', 1),
          }),
          recurrent: mamba2(place, {
            ...sizes,
            norm: isNormed ? { ...norm, groups: sizes.numKeyHeads, gateBehind } : null,
            outputBias: fields.boolean('projectors_bias', false),
            factors,
            outputScale: fields.positive('ssm_out_multiplier', 1),
          }),
          mlp: gatedMlp(place, {
            activation,
            bias: mlpBias,
            gateScale,
            outputScale: mlpScale,
            modules: { at: 'feed_forward' },
          }),
        }),
    });
  },
};

function mambaFactors(fields: ConfigFields, hasBias: boolean): MambaFactors {
  const input = fields.positive('ssm_in_multiplier', 1);
  if (hasBias && input !== 1) fields.fail('ssm_in_multiplier', '1 beside "mamba_proj_bias"');
  const all = factorsOf(fields, 'ssm_multipliers', 5).map((factor) => input * factor);
  const [z = 1, x = 1, b = 1, c = 1, dt = 1] = all;
  return { z, x, b, c, dt };
}

/** A list of so many numbers; absent = ones. */
function factorsOf(fields: ConfigFields, name: string, count: number): readonly number[] {
  if (!fields.has(name)) return new Array<number>(count).fill(1);
  const factors = fields.raw(name);
  const isFactor = (value: unknown): value is number =>
    typeof value === 'number' && Number.isFinite(value);
  if (Array.isArray(factors) && factors.length === count && factors.every(isFactor)) return factors;
  return fields.fail(name, `a list of ${count} numbers`);
}
