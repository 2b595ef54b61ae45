import type { ConvPlan } from '../../plan/recurrent.js';
import type { GraphContext } from '../context.js';
import { pastStateName, presentStateName } from '../contract.js';
import type { Value } from '../graph.js';

/** The convolution of a layer over rows that count, `[B, N, channels]` in and out. */
export function causalConv(
  { graph, store }: GraphContext,
  x: Value,
  layer: number,
  { weight, bias, activation }: ConvPlan,
): Value {
  const inputs = [
    channelsFirst(x),
    graph.externalFloat(store.tensor(weight.name)),
    bias === null ? '' : graph.externalFloat(store.tensor(bias.name)),
    pastStateName(layer, 'conv'),
  ];
  const output = graph.node('CausalConvWithState', inputs, {
    attributes: { ndim: { int: 1 }, activation: { string: activation } },
    outputs: [graph.name(), presentStateName(layer, 'conv')],
  });
  return channelsFirst(output);

  /** And back. */
  function channelsFirst(rows: Value): Value {
    return graph.node('Transpose', [rows], { attributes: { perm: { ints: [0, 2, 1] } } });
  }
}
