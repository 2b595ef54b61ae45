import type { Mamba2Plan, MambaNormPlan } from '../../plan/recurrent.js';
import { activate } from '../activation.js';
import type { GraphContext } from '../context.js';
import { times } from '../factors.js';
import type { Value } from '../graph.js';
import { packedLinear } from '../linear.js';
import { causalConv } from './causal-conv.js';
import { linearAttention, minusExp } from './linear-attention.js';
import type { RecurrentLayer } from './recurrent-layer.js';
import { countedRows } from './state-rows.js';

export function mamba2(
  context: GraphContext,
  normed: Value,
  { index, plan }: RecurrentLayer<Mamba2Plan>,
  pick: (x: Value) => Value,
): Value {
  const { graph } = context;
  const { z, xbc, dt } = inputsOf(context, normed, plan);
  const rows = countedRows(context);
  const convolved = causalConv(context, rows.take(xbc), index, plan.conv);
  const [x, key, query] = split(context, convolved, plan);
  const step = stepOf(context, rows.take(dt), plan);
  const decay = graph.node('Mul', [step, minusExp(context, plan.aLog)]);
  const { numValueHeads, valueDim } = plan;
  const ofRows = graph.node('Reshape', [step, graph.ints(0, 0, numValueHeads, 1)]);
  const value = flat(graph.node('Mul', [heads(x), ofRows]));
  const memory = { query, key, value, decay, rate: null };
  const read = linearAttention(graph, memory, index, { ...plan, scale: 1 });
  const skip = graph.externalFloat(context.store.tensor(plan.d.name));
  const ofHeads = graph.node('Reshape', [skip, graph.ints(numValueHeads, 1)]);
  const passed = flat(graph.node('Mul', [heads(x), ofHeads]));
  const given = rows.giveBack(graph.node('Add', [read, passed]));
  const output = packedLinear(context, pick(gated(context, given, z, plan.norm)), plan.out);
  return times(graph, output, plan.outputScale);

  function heads(values: Value): Value {
    return graph.node('Reshape', [values, graph.ints(0, 0, numValueHeads, valueDim)]);
  }
  function flat(values: Value): Value {
    return graph.node('Reshape', [values, graph.ints(0, 0, numValueHeads * valueDim)]);
  }
}

function inputsOf(context: GraphContext, normed: Value, plan: Mamba2Plan) {
  const { z, xbc, dt, factors } = plan;
  const keys = plan.numKeyHeads * plan.keyDim;
  const all = (width: number, factor: number): Float32Array => new Float32Array(width).fill(factor);
  const columns = factors && {
    z: [all(z.out, factors.z)],
    xbc: [
      Float32Array.of(
        ...all(xbc.out - 2 * keys, factors.x),
        ...all(keys, factors.b),
        ...all(keys, factors.c),
      ),
    ],
    dt: [all(dt.out, factors.dt)],
  };
  return {
    z: packedLinear(context, normed, z, columns?.z),
    xbc: packedLinear(context, normed, xbc, columns?.xbc),
    dt: packedLinear(context, normed, dt, columns?.dt),
  };
}

/** x, b (the key) and c (the query). */
function split({ graph }: GraphContext, xbc: Value, plan: Mamba2Plan): [Value, Value, Value] {
  const outputs: [Value, Value, Value] = [graph.name(), graph.name(), graph.name()];
  const keys = plan.numKeyHeads * plan.keyDim;
  const sizes = graph.ints(plan.numValueHeads * plan.valueDim, keys, keys);
  graph.node('Split', [xbc, sizes], { attributes: { axis: { int: -1 } }, outputs });
  return outputs;
}

/** `softplus(dt + bias)` within its bounds, `[B, N, heads]`. */
function stepOf({ graph, store }: GraphContext, dt: Value, plan: Mamba2Plan): Value {
  const ones = graph.f32(new Float32Array(plan.numValueHeads).fill(1), [plan.numValueHeads]);
  const bias = graph.externalFloat(store.tensor(plan.stepBias.name));
  const step = graph.node('LinearAttentionGate', [dt, bias, ones]);
  const [low, high] = plan.stepLimits;
  if (low <= 0 && high === Infinity) return step;
  const bounds = [low, Number.isFinite(high) ? high : 3e38].map((bound) =>
    graph.f32(Float32Array.of(bound), []),
  );
  return graph.node('Clip', [step, ...bounds]);
}

/** `[B, S, width]` in and out. */
function gated(context: GraphContext, y: Value, z: Value, plan: MambaNormPlan | null): Value {
  const { graph } = context;
  const gate = activate(graph, z, 'silu');
  if (plan === null) return graph.node('Mul', [y, gate]);
  if (!plan.gateBehind) return groupNorm(context, graph.node('Mul', [y, gate]), plan);
  return graph.node('Mul', [groupNorm(context, y, plan), gate]);
}

/** Each group by itself, then a gain for each element. */
function groupNorm({ graph, store }: GraphContext, x: Value, plan: MambaNormPlan): Value {
  const { groups, width, gain, eps } = plan;
  if (gain === null) throw new Error('a norm of Mamba-2 has a gain: this is a bug');
  const weight = graph.externalFloat(store.tensor(gain.name));
  const attributes = { axis: { int: -1 }, epsilon: { float: eps } };
  if (groups === 1) return graph.node('SimplifiedLayerNormalization', [x, weight], { attributes });
  const size = width / groups;
  const ones = graph.f32(new Float32Array(size).fill(1), [size]);
  const parts = graph.node('Reshape', [x, graph.ints(0, 0, groups, size)]);
  const normed = graph.node('SimplifiedLayerNormalization', [parts, ones], { attributes });
  const flat = graph.node('Reshape', [normed, graph.ints(0, 0, width)]);
  return graph.node('Mul', [flat, weight]);
}
