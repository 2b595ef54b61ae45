import { type AnyPlan, trunkOf } from '../plan/demands.js';
import type { RecurrentPlan } from '../plan/recurrent.js';
import type { LinearPlan } from '../plan/tensors.js';
import { pooledLinears } from '../pooled/pooled-plan.js';

/**
 * Routers and gates stay in f32, whatever the format: they are tiny, and they decide. So does what stands around the layers
 * of a model that answers with vectors: its errors are the vectors' own.
 */
export function staysFloat(plan: AnyPlan): ReadonlySet<LinearPlan> {
  const linears = trunkOf(plan).layers.flatMap(({ mlp, recurrent, altUp }) => [
    ...(mlp?.kind === 'moe' ? [mlp.router, mlp.shared?.gate ?? null] : []),
    altUp?.router ?? null,
    ...recurrentGates(recurrent),
  ]);
  const around = 'trunk' in plan ? pooledLinears(plan) : [];
  return new Set([...around, ...linears].filter((linear) => linear !== null));
}

/** What says how much a memory keeps, and takes. */
function recurrentGates(plan: RecurrentPlan | null): readonly LinearPlan[] {
  switch (plan?.kind) {
    case 'delta_net':
      return [plan.gates];
    case 'mamba1':
      return [plan.selection, plan.steps];
    case 'mamba2':
      return [plan.dt];
    default:
      return [];
  }
}
