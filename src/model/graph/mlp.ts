import type { GatedMlpPlan } from '../plan.js';
import type { GraphContext } from './context.js';
import type { Graph, Value } from './graph.js';
import { linearParts, packedLinear } from './linear.js';

/** `down(silu(gate x) * up x)`. */
export function gatedMlp(context: GraphContext, x: Value, plan: GatedMlpPlan): Value {
  const [gate, up] = linearParts(context, x, plan.gateUp);
  if (gate === undefined || up === undefined) {
    throw new Error(`${plan.gateUp.name} must have two parts: this is a bug`);
  }
  return packedLinear(context, gatedSilu(context.graph, gate, up), plan.down);
}

/** QuickGelu with alpha 1 is SiLU: `x * sigmoid(x)`. */
export function gatedSilu(graph: Graph, gate: Value, up: Value): Value {
  const silu = graph.node('QuickGelu', [gate], { attributes: { alpha: { float: 1 } } });
  return graph.node('Mul', [silu, up]);
}
