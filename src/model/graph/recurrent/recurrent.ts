import type { GraphContext } from '../context.js';
import type { Value } from '../graph.js';
import { deltaNet } from './delta-net.js';
import { mamba1 } from './mamba1.js';
import { mamba2 } from './mamba2.js';
import type { RecurrentLayer } from './recurrent-layer.js';
import { shortConv } from './short-conv.js';

/**
 * A recurrent mixer with its output projection: `[B, S, hidden]` normed in and out, where `pick` may leave out rows of
 * what the heads give. The rows that count change the layer's state (graph/contract.ts, `STATE_INPUTS`).
 */
export function recurrent(
  context: GraphContext,
  normed: Value,
  { index, plan }: RecurrentLayer,
  pick: (heads: Value) => Value,
): Value {
  switch (plan.kind) {
    case 'short_conv':
      return shortConv(context, normed, { index, plan }, pick);
    case 'delta_net':
      return deltaNet(context, normed, { index, plan }, pick);
    case 'mamba1':
      return mamba1(context, normed, { index, plan }, pick);
    case 'mamba2':
      return mamba2(context, normed, { index, plan }, pick);
  }
}
