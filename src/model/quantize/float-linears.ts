import type { ModelPlan } from '../plan/network.js';
import type { RecurrentPlan } from '../plan/recurrent.js';
import type { LinearPlan } from '../plan/tensors.js';

/** Routers and gates stay in f32, whatever the format: they are tiny, and they decide. */
export function staysFloat(plan: ModelPlan): ReadonlySet<LinearPlan> {
  const linears = plan.layers.flatMap(({ mlp, recurrent, altUp }) => [
    ...(mlp?.kind === 'moe' ? [mlp.router, mlp.shared?.gate ?? null] : []),
    altUp?.router ?? null,
    ...recurrentGates(recurrent),
  ]);
  return new Set(linears.filter((linear) => linear !== null));
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
