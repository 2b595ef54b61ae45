import type { DenseMlpPlan, GatedMlpPlan, PlainMlpPlan } from '../plan/mlp.js';
import { activate } from './activation.js';
import type { GraphContext } from './context.js';
import { times } from './factors.js';
import type { Graph, Value } from './graph.js';
import { linearParts, packedLinear } from './linear.js';
import { moments } from './norm.js';
import { xielu } from './xielu.js';

export function denseMlp(context: GraphContext, x: Value, plan: DenseMlpPlan): Value {
  const output = packedLinear(context, innerRows(context, x, plan), plan.down);
  return plan.kind === 'plain' ? output : times(context.graph, output, plan.outputScale);
}

/** What `down` reads. */
export function innerRows(context: GraphContext, x: Value, plan: DenseMlpPlan): Value {
  if (plan.kind === 'plain') return plainRows(context, x, plan);
  const [gate, up] = linearParts(context, x, plan.gateUp);
  if (gate === undefined || up === undefined) {
    throw new Error(`${plan.gateUp.name} must have two parts: this is a bug`);
  }
  const sparse = sparseGate(context.graph, gate, plan);
  return gated(context, times(context.graph, sparse, plan.gateScale), up, plan);
}

/** What of the gate is so many standard deviations above its mean, and how far. */
function sparseGate(graph: Graph, gate: Value, { sparsity, down }: GatedMlpPlan): Value {
  if (sparsity === undefined) return gate;
  const [mean, inverse] = moments(graph, gate, down.in);
  const deviations = graph.node('Div', [graph.float(Float32Array.of(sparsity), []), inverse]);
  const least = graph.node('Add', [mean, deviations]);
  return graph.node('Relu', [graph.node('Sub', [gate, least])]);
}

/** `activation(gate) * up`, both within the limit where there is one. */
export function gated(
  { graph }: GraphContext,
  gate: Value,
  up: Value,
  { activation, limit }: Pick<GatedMlpPlan, 'activation' | 'limit'>,
): Value {
  if (limit === null) return graph.node('Mul', [activate(graph, gate, activation), up]);
  const number = (value: number): Value => graph.float(Float32Array.of(value), []);
  const within = graph.node('Clip', [up, number(-limit), number(limit)]);
  const below = graph.node('Clip', [gate, '', number(limit)]);
  const oneMore = graph.node('Add', [within, number(1)]);
  return graph.node('Mul', [activate(graph, below, activation), oneMore]);
}

/** `activation(up x)`. */
function plainRows(context: GraphContext, x: Value, plan: PlainMlpPlan): Value {
  return plainActivation(context, packedLinear(context, x, plan.up), plan);
}

/** Of what `up` gives. */
export function plainActivation(
  context: GraphContext,
  up: Value,
  { activation }: Pick<PlainMlpPlan, 'activation'>,
): Value {
  return typeof activation === 'string'
    ? activate(context.graph, up, activation)
    : xielu(context, up, activation);
}
