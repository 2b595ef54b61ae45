import type { ShortConvPlan } from '../../plan/recurrent.js';
import type { GraphContext } from '../context.js';
import type { Value } from '../graph.js';
import { linearParts, packedLinear } from '../linear.js';
import { causalConv } from './causal-conv.js';
import type { RecurrentLayer } from './recurrent-layer.js';
import { countedRows } from './state-rows.js';

/** `out(c * conv(b * x))` */
export function shortConv(
  context: GraphContext,
  normed: Value,
  { index, plan }: RecurrentLayer<ShortConvPlan>,
  pick: (x: Value) => Value,
): Value {
  const { graph } = context;
  const [b, c, x] = linearParts(context, normed, plan.bcx);
  if (b === undefined || c === undefined || x === undefined) {
    throw new Error(`${plan.bcx.name} must have three parts: this is a bug`);
  }
  const rows = countedRows(context);
  const inner = rows.take(graph.node('Mul', [b, x]));
  const convolved = rows.giveBack(causalConv(context, inner, index, plan.conv));
  return packedLinear(context, pick(graph.node('Mul', [c, convolved])), plan.out);
}
