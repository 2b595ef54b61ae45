import type { Activation } from '../activation.js';
import type { GatedMlpPlan, MlpPlan } from '../plan/mlp.js';
import type { ConfigFields } from './config-fields.js';
import { decoder, readTied } from './decoder.js';
import type { ModelFamily } from './family.js';
import { GRANITE_EXPERTS } from './granite-moe.js';
import { readGraniteFactors } from './granite.js';
import { mixersByLayer } from './layer-types.js';
import { attention } from './parts/attention.js';
import { readExpertSizes, routedMlp } from './parts/experts.js';
import { preNorm } from './parts/layers.js';
import { expandedWidth, mamba2, normGroups, readMambaSizes } from './parts/mamba.js';
import { gated, readActivation } from './parts/mlp.js';
import type { Names } from './parts/names.js';
import { rmsNorm } from './parts/norm.js';
import type { Part } from './parts/part.js';
import type { LayerPlace } from './parts/place.js';
import { readSizes } from './sizes.js';

const architecture = 'GraniteMoeHybridForCausalLM';

/** `layer_types` as transformers 4 has it, and 5. */
const LAYERS = {
  mamba: 'recurrent',
  attention: 'attention',
  linear_attention: 'recurrent',
  full_attention: 'attention',
} as const;

/** Of its config class, where they are not those of others. */
const DEFAULTS = { num_local_experts: 8, num_experts_per_tok: 2 };

/** Granite with Mamba-2 in most layers, positions told apart by it alone, and experts in some sizes. */
export const graniteHybrid: ModelFamily = {
  architecture,
  models: 'Granite 4 h (350M, 1B, micro, tiny, small)',
  read: (own) => {
    const fields = own.completed(DEFAULTS);
    const config = readSizes(fields, { architecture, modelType: 'granitemoehybrid' });
    const norm = rmsNorm(fields);
    const activation = readActivation(fields);
    if (activation !== 'silu') fields.fail('hidden_act', 'silu');
    const sizes = readMambaSizes(fields, expandedWidth(fields, config));
    const groups = normGroups(fields, sizes);
    const mixers = mixersByLayer(fields, LAYERS, () => false);
    const bias = fields.boolean('attention_bias', false);
    const rotates = fields.has('position_embedding_type') && isRope(fields);
    const { attentionScale: scale, residualScale, ...factors } = readGraniteFactors(fields);
    const mlp = mlpOf(fields, activation);
    return decoder(config, {
      norm,
      tied: readTied(fields),
      ...factors,
      layer: (place) =>
        preNorm(place, norm, {
          ...(mixers[place.index] === 'attention'
            ? {
                attention: attention(place, {
                  qkvBias: bias,
                  outputBias: bias,
                  scale,
                  ...(rotates ? {} : { rotary: null }),
                }),
              }
            : {
                recurrent: mamba2(place, {
                  ...sizes,
                  norm: { ...norm, groups, gateBehind: false },
                  outputBias: sizes.inputBias,
                }),
              }),
          mlp: mlp(place),
          residualScale,
        }),
    });
  },
};

function isRope(fields: ConfigFields): boolean {
  return fields.oneOf('position_embedding_type', { rope: true, nope: false }, 'nope');
}

/** An MLP that all tokens take, and beside it experts where there are any. */
function mlpOf(fields: ConfigFields, activation: Activation) {
  const hiddenSize = fields.size('hidden_size');
  const width = fields.size('shared_intermediate_size', 1024);
  const expertWidth = fields.size('intermediate_size');
  const sizes = readExpertSizes(fields, {
    count: 'num_local_experts',
    topK: 'num_experts_per_tok',
    least: 0,
  });
  const linears = { fused: 'input_linear', modules: { down: 'output_linear' } };
  return (place: LayerPlace): Part<MlpPlan> => {
    const dense = (names: Names): Part<GatedMlpPlan> =>
      gated(names, { hiddenSize, width }, { activation, ...linears });
    if (sizes.numExperts === 0) return dense(place.names.within('shared_mlp'));
    const experts = routedMlp(place, {
      ...sizes,
      activation,
      width: expertWidth,
      ...GRANITE_EXPERTS,
    });
    const shared = dense(place.names.below('shared', 'shared_mlp'));
    return {
      plan: { ...experts.plan, shared: { ...shared.plan, gate: null } },
      views: [...experts.views, ...shared.views],
    };
  };
}
