import type { DenseMlpPlan, GatedMlpPlan, PlainMlpPlan } from '../plan.js';
import { activate } from './activation.js';
import type { GraphContext } from './context.js';
import { times } from './factors.js';
import type { Value } from './graph.js';
import { linearParts, packedLinear } from './linear.js';

export function denseMlp(context: GraphContext, x: Value, plan: DenseMlpPlan): Value {
  return plan.kind === 'gated' ? gatedMlp(context, x, plan) : plainMlp(context, x, plan);
}

/** `down(activation(gate x) * up x)`. */
export function gatedMlp(context: GraphContext, x: Value, plan: GatedMlpPlan): Value {
  const [gate, up] = linearParts(context, x, plan.gateUp);
  if (gate === undefined || up === undefined) {
    throw new Error(`${plan.gateUp.name} must have two parts: this is a bug`);
  }
  const { graph } = context;
  const inner = gated(context, times(graph, gate, plan.gateScale), up, plan);
  return times(graph, packedLinear(context, inner, plan.down), plan.outputScale);
}

/** `activation(gate) * up`. */
export function gated(
  { graph }: GraphContext,
  gate: Value,
  up: Value,
  { activation }: Pick<GatedMlpPlan, 'activation'>,
): Value {
  return graph.node('Mul', [activate(graph, gate, activation), up]);
}

/** `down(activation(up x))`. */
function plainMlp(context: GraphContext, x: Value, plan: PlainMlpPlan): Value {
  const inner = activate(context.graph, packedLinear(context, x, plan.up), plan.activation);
  return packedLinear(context, inner, plan.down);
}
