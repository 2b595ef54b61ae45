import type { GatedMlpPlan } from '../plan.js';
import { activate } from './activation.js';
import type { GraphContext } from './context.js';
import type { Graph, Value } from './graph.js';
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
  const { gateActivation } = config;
  const activated =
    gateActivation === 'silu' ? silu(graph, gate) : activate(graph, gate, gateActivation);
  return graph.node('Mul', [activated, up]);
}

/** QuickGelu with alpha 1 is SiLU: `x * sigmoid(x)`. */
function silu(graph: Graph, x: Value): Value {
  return graph.node('QuickGelu', [x], { attributes: { alpha: { float: 1 } } });
}
