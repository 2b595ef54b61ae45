import type { Mamba1Plan } from '../../plan/recurrent.js';
import { activate } from '../activation.js';
import type { GraphContext } from '../context.js';
import type { Value } from '../graph.js';
import { linearParts, packedLinear } from '../linear.js';
import { norm } from '../norm.js';
import { causalConv } from './causal-conv.js';
import { linearAttention, minusExp } from './linear-attention.js';
import type { RecurrentLayer } from './recurrent-layer.js';
import { countedRows } from './state-rows.js';

export function mamba1(
  context: GraphContext,
  normed: Value,
  { index, plan }: RecurrentLayer<Mamba1Plan>,
  pick: (x: Value) => Value,
): Value {
  const { graph, store } = context;
  const { numValueHeads: channels, keyDim } = plan;
  const rows = countedRows(context);
  const [inner, z] = parts(context, normed, plan.xz, 2);
  const x = causalConv(context, rows.take(inner), index, plan.conv);
  // Linears multiply all rows of a run, whose number is even.
  const [dt, b, c] = parts(context, rows.giveBack(x), plan.selection, 3);
  const steps = packedLinear(context, norm(context, dt, plan.dtNorm), plan.steps);
  const step = softplus(rows.take(steps));
  const ofChannels = graph.node('Reshape', [step, graph.ints(0, 0, channels, 1)]);
  const decays = graph.node('Mul', [ofChannels, minusExp(context, plan.aLog)]);
  const memory = {
    query: rows.take(norm(context, c, plan.cNorm)),
    key: rows.take(norm(context, b, plan.bNorm)),
    value: graph.node('Mul', [x, step]),
    decay: graph.node('Reshape', [decays, graph.ints(0, 0, channels * keyDim)]),
    rate: null,
  };
  const read = linearAttention(graph, memory, index, { ...plan, scale: 1 });
  const passed = graph.node('Mul', [x, graph.externalFloat(store.tensor(plan.d.name))]);
  const given = rows.giveBack(graph.node('Add', [read, passed]));
  const gated = graph.node('Mul', [given, activate(graph, z, 'silu')]);
  return packedLinear(context, pick(gated), plan.out);

  /** By the op that has the same bits in every place of a run. */
  function softplus(values: Value): Value {
    const none = graph.f32(new Float32Array(channels), [channels]);
    const ones = graph.f32(new Float32Array(channels).fill(1), [channels]);
    return graph.node('LinearAttentionGate', [values, none, ones]);
  }
}

function parts(
  context: GraphContext,
  x: Value,
  plan: Mamba1Plan['xz'],
  count: 2 | 3,
): [Value, Value, Value] {
  const [first = '', second = '', third = ''] = linearParts(context, x, plan);
  if (plan.parts.length !== count) {
    throw new Error(`${plan.name} must have ${count} parts: this is a bug`);
  }
  return [first, second, third];
}
