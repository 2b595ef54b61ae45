import type { GatedMlpPlan } from '../plan.js';
import { activate } from './activation.js';
import type { GraphContext } from './context.js';
import type { Value } from './graph.js';
import { linearParts, packedLinear } from './linear.js';

/** `down(activation(gate x) * up x)`. */
export function gatedMlp(context: GraphContext, x: Value, plan: GatedMlpPlan): Value {
  const [gate, up] = linearParts(context, x, plan.gateUp);
  if (gate === undefined || up === undefined) {
    throw new Error(`${plan.gateUp.name} must have two parts: this is a bug`);
  }
  return packedLinear(context, gated(context, gate, up), plan.down);
}

/** `activation(gate) * up`. */
export function gated({ graph, config }: GraphContext, gate: Value, up: Value): Value {
  return graph.node('Mul', [activate(graph, gate, config.gateActivation), up]);
}
