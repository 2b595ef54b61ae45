import type { TensorPlan } from '../plan.js';
import type { GraphContext } from './context.js';
import type { Value } from './graph.js';

/** RMSNorm over the last axis: `x / sqrt(mean(x²) + eps) * gain`. */
export function rmsNorm(context: GraphContext, x: Value, gain: TensorPlan): Value {
  const { graph, config, store } = context;
  return graph.node(
    'SimplifiedLayerNormalization',
    [x, graph.externalF32(store.tensor(gain.name))],
    {
      attributes: { axis: { int: -1 }, epsilon: { float: config.rmsNormEps } },
    },
  );
}

export interface ResidualNorm {
  readonly normed: Value;
  /** The stream after the addition. */
  readonly residual: Value;
}

/** `residual = x + delta`, and the RMSNorm of it, in one node. */
export function addThenNorm(
  context: GraphContext,
  x: Value,
  delta: Value,
  gain: TensorPlan,
): ResidualNorm {
  const { graph, config, store } = context;
  const normed = graph.name();
  const residual = graph.name();
  graph.node(
    'SkipSimplifiedLayerNormalization',
    [x, delta, graph.externalF32(store.tensor(gain.name))],
    {
      attributes: { epsilon: { float: config.rmsNormEps } },
      outputs: [normed, '', '', residual],
    },
  );
  return { normed, residual };
}
