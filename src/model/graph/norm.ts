import type { TensorPlan } from '../plan.js';
import type { GraphContext } from './context.js';
import type { Value } from './graph.js';

/** RMSNorm over the last axis: `x / sqrt(mean(x²) + eps) * gain`, the offset of gains included. */
export function rmsNorm(context: GraphContext, x: Value, gain: TensorPlan): Value {
  const { graph, config } = context;
  return graph.node('SimplifiedLayerNormalization', [x, wholeGain(context, gain)], {
    attributes: { axis: { int: -1 }, epsilon: { float: config.rmsNormEps } },
  });
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
  const { graph, config } = context;
  const normed = graph.name();
  const residual = graph.name();
  graph.node('SkipSimplifiedLayerNormalization', [x, delta, wholeGain(context, gain)], {
    attributes: { epsilon: { float: config.rmsNormEps } },
    outputs: [normed, '', '', residual],
  });
  return { normed, residual };
}

/** The sum of two constants: it is folded when the session is created. */
function wholeGain({ graph, config, store }: GraphContext, gain: TensorPlan): Value {
  const stored = graph.externalFloat(store.tensor(gain.name));
  if (config.normGainOffset === 0) return stored;
  return graph.node('Add', [stored, graph.float(Float32Array.of(config.normGainOffset), [])]);
}
