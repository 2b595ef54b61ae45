import type { MoePlan } from '../../plan/mlp.js';
import type { NormPlan } from '../../plan/tensors.js';
import { type ExpertTraits, routedMlp } from './experts.js';
import { gated } from './mlp.js';
import { norm, type NormStyle } from './norm.js';
import type { Part } from './part.js';
import type { LayerPlace } from './place.js';

export interface BesideTraits {
  readonly experts: ExpertTraits;
  /** Of the MLP that all tokens take. */
  readonly width: number;
}

/** Gemma 4's MLP, and experts beside it that read the stream through norms of their own. */
export function besideMlp(
  place: LayerPlace,
  style: NormStyle,
  { experts: traits, width }: BesideTraits,
): Part<MoePlan> {
  const { names, config } = place;
  const { hiddenSize } = config;
  const { activation, numExperts } = traits;
  const experts = routedMlp(place, { ...traits, modules: { at: '', router: 'router.proj' } });
  const shared = gated(names.below('shared', 'mlp'), { hiddenSize, width }, { activation });
  const normOf = (name: string, module: string): NormPlan =>
    norm(names, style, { name, module, width: hiddenSize });
  const { routing } = experts.plan;
  if (routing.kind !== 'scored') throw new Error('experts are not scored: this is a bug');
  const expertScale = names.tensor('expert_scale', 'router.per_expert_scale', [numExperts]);
  const plan: MoePlan = {
    ...experts.plan,
    routing: { ...routing, expertScale },
    shared: { ...shared.plan, gate: null },
    besides: {
      routerNorm: {
        ...normOf('router_norm', 'router'),
        gain: names.tensor('router_norm', 'router.scale', [hiddenSize]),
      },
      routerScale: 1 / Math.sqrt(hiddenSize),
      inputNorm: normOf('expert_norm', 'pre_feedforward_layernorm_2'),
      outputNorm: normOf('expert_output_norm', 'post_feedforward_layernorm_2'),
      sharedNorm: normOf('shared_output_norm', 'post_feedforward_layernorm_1'),
    },
  };
  return { plan, views: [...experts.views, ...shared.views] };
}
