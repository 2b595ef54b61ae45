import type { NormPlan } from '../plan/tensors.js';
import type { WeightContext } from './context.js';
import type { Graph, Value } from './graph.js';

/** A norm over the last axis, the offset of its gain included. */
export function norm(context: WeightContext, x: Value, plan: NormPlan): Value {
  const op = plan.kind === 'rms' ? 'SimplifiedLayerNormalization' : 'LayerNormalization';
  return context.graph.node(op, [x, ...parameters(context, plan)], {
    attributes: { axis: { int: -1 }, epsilon: { float: plan.eps } },
  });
}

/** `[.., 1]` of `x [.., width]`: 1 by the root of the mean of the squares of each row. */
export function inverseLength(graph: Graph, x: Value, width: number): Value {
  const inverse = graph.name();
  graph.node('SimplifiedLayerNormalization', [x, ones(graph, width)], {
    attributes: { axis: { int: -1 }, epsilon: { float: 0 } },
    outputs: [graph.name(), inverse],
  });
  return inverse;
}

/** `[.., 1]` each of `x [.., width]`: the mean of a row, and 1 by its standard deviation. */
export function moments(graph: Graph, x: Value, width: number): readonly [Value, Value] {
  const [mean, inverse] = [graph.name(), graph.name()];
  graph.node('LayerNormalization', [x, ones(graph, width)], {
    attributes: { axis: { int: -1 }, epsilon: { float: 0 } },
    outputs: [graph.name(), mean, inverse],
  });
  return [mean, inverse];
}

export interface ResidualNorm {
  readonly normed: Value;
  /** The stream after the addition. */
  readonly residual: Value;
}

/** `residual = x + delta`, and the norm of it, in one node; null = the sum is read as it is. */
export function addThenNorm(
  context: WeightContext,
  x: Value,
  delta: Value,
  plan: NormPlan | null,
): ResidualNorm {
  const { graph } = context;
  if (plan === null) {
    const residual = graph.node('Add', [x, delta]);
    return { normed: residual, residual };
  }
  if (!hasSkipOp(context, plan)) {
    const residual = graph.node('Add', [x, delta]);
    return { normed: norm(context, residual, plan), residual };
  }
  const normed = graph.name();
  const residual = graph.name();
  graph.node(skipOp(plan), [x, delta, ...parameters(context, plan)], {
    attributes: { epsilon: { float: plan.eps } },
    outputs: [normed, '', '', residual],
  });
  return { normed, residual };
}

/** The norm of `x + delta`, where nothing else reads the sum. */
export function normOfSum(
  context: WeightContext,
  x: Value,
  delta: Value,
  plan: NormPlan | null,
): Value {
  if (plan === null || !hasSkipOp(context, plan)) {
    return addThenNorm(context, x, delta, plan).normed;
  }
  return context.graph.node(skipOp(plan), [x, delta, ...parameters(context, plan)], {
    attributes: { epsilon: { float: plan.eps } },
  });
}

/** On a CPU the op that adds and norms takes several times as long as both by themselves, but for the plain kind. */
function hasSkipOp({ target }: WeightContext, { kind }: NormPlan): boolean {
  return kind === 'rms' || target.device !== 'cpu';
}

function skipOp({ kind }: NormPlan): string {
  return kind === 'rms' ? 'SkipSimplifiedLayerNormalization' : 'SkipLayerNormalization';
}

/** Gain, and bias where there is one. */
function parameters(context: WeightContext, plan: NormPlan): readonly Value[] {
  const { graph, store } = context;
  const gain = wholeGain(context, plan);
  return plan.bias === null ? [gain] : [gain, graph.externalFloat(store.tensor(plan.bias.name))];
}

/** The sum of two constants: it is folded when the session is created. */
function wholeGain({ graph, store }: WeightContext, { gain, gainOffset, width }: NormPlan): Value {
  if (gain === null) return ones(graph, width);
  const stored = graph.externalFloat(store.tensor(gain.name));
  if (gainOffset === 0) return stored;
  return graph.node('Add', [stored, graph.float(Float32Array.of(gainOffset), [])]);
}

function ones(graph: Graph, width: number): Value {
  return graph.float(new Float32Array(width).fill(1), [width]);
}
