import type { DenseMlpPlan, GatedMlpPlan, PlainMlpPlan } from '../plan.js';
import { activate } from './activation.js';
import type { GraphContext } from './context.js';
import type { Value } from './graph.js';
import { linearParts, packedLinear } from './linear.js';

export function denseMlp(context: GraphContext, x: Value, plan: DenseMlpPlan): Value {
  return packedLinear(context, innerRows(context, x, plan), plan.down);
}

/** What `down` reads. */
export function innerRows(context: GraphContext, x: Value, plan: DenseMlpPlan): Value {
  if (plan.kind === 'plain') return plainRows(context, x, plan);
  const [gate, up] = linearParts(context, x, plan.gateUp);
  if (gate === undefined || up === undefined) {
    throw new Error(`${plan.gateUp.name} must have two parts: this is a bug`);
  }
  return gated(context, gate, up, plan);
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

/** `activation(up x)`. */
function plainRows(context: GraphContext, x: Value, plan: PlainMlpPlan): Value {
  return activate(context.graph, packedLinear(context, x, plan.up), plan.activation);
}
