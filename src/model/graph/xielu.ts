import type { XieluPlan } from '../plan/mlp.js';
import type { WeightContext } from './context.js';
import type { Value } from './graph.js';

/** Each side of 0 with what the other gives added, which is nothing: a value of x's shape. */
export function xielu(context: WeightContext, x: Value, plan: XieluPlan): Value {
  const { graph, store } = context;
  const half = graph.float(Float32Array.of(0.5), []);
  // Both factors are constants, folded with the session.
  const rounded = (value: Value): Value =>
    plan.isRounded ? graph.cast(graph.cast(value, 'bf16'), graph.compute) : value;
  const softplus = (name: string): Value =>
    rounded(graph.node('Softplus', [rounded(graph.externalFloat(store.tensor(name)))]));
  const ofPositive = softplus(plan.positive.name);
  const ofNegative = rounded(graph.node('Add', [softplus(plan.negative.name), half]));
  const positive = graph.node('Relu', [x]);
  const negative = graph.node('Sub', [x, positive]);
  const above = graph.node('Mul', [graph.node('Mul', [positive, positive]), ofPositive]);
  const bend = graph.node('Sub', [graph.node('Elu', [negative]), negative]);
  const below = graph.node('Mul', [bend, ofNegative]);
  const sum = graph.node('Add', [above, below]);
  return graph.node('Add', [sum, graph.node('Mul', [x, half])]);
}
