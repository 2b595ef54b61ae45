import type { DeltaNetPlan } from '../../plan/recurrent.js';
import type { GraphContext } from '../context.js';
import type { Value } from '../graph.js';
import { linearParts, packedLinear } from '../linear.js';
import { causalConv } from './causal-conv.js';
import { linearAttention, minusExp } from './linear-attention.js';
import type { RecurrentLayer } from './recurrent-layer.js';
import { countedRows } from './state-rows.js';

/** Added to the square of a length before its root is taken. */
const LENGTH_EPS = 1e-6;

export function deltaNet(
  context: GraphContext,
  normed: Value,
  { index, plan }: RecurrentLayer<DeltaNetPlan>,
  pick: (x: Value) => Value,
): Value {
  const { graph, store } = context;
  const rows = countedRows(context);
  const inner = rows.take(packedLinear(context, normed, plan.qkv));
  const [query, key, value] = split(context, causalConv(context, inner, index, plan.conv), plan);
  const { decay, rate } = gates(context, normed, rows.take, plan);
  const { numKeyHeads, keyDim } = plan;
  const ofLengthOne = (x: Value): Value => unitHeads(context, x, { numHeads: numKeyHeads, keyDim });
  const heads = { query: ofLengthOne(query), key: ofLengthOne(key), value, decay, rate };
  const scale = 1 / Math.sqrt(keyDim);
  const given = rows.giveBack(linearAttention(graph, heads, index, { ...plan, scale }));
  const { gain } = plan.norm;
  if (gain === null) throw new Error(`${plan.out.name} has a norm without gain: this is a bug`);
  const z = packedLinear(context, normed, plan.z);
  const gated = graph.node(
    'GatedRMSNorm',
    [given, graph.externalFloat(store.tensor(gain.name)), z],
    { attributes: { epsilon: { float: plan.norm.eps } } },
  );
  return packedLinear(context, pick(gated), plan.out);
}

function split({ graph }: GraphContext, qkv: Value, plan: DeltaNetPlan): [Value, Value, Value] {
  const outputs: [Value, Value, Value] = [graph.name(), graph.name(), graph.name()];
  const keys = plan.numKeyHeads * plan.keyDim;
  const sizes = graph.ints(keys, keys, plan.numValueHeads * plan.valueDim);
  graph.node('Split', [qkv, sizes], { attributes: { axis: { int: -1 } }, outputs });
  return outputs;
}

/** Each head divided by its length, `x / sqrt(sum(x²) + eps)`: a norm whose gain is the root of its width, inverted. */
function unitHeads(
  { graph }: GraphContext,
  x: Value,
  { numHeads, keyDim }: { readonly numHeads: number; readonly keyDim: number },
): Value {
  const heads = graph.node('Reshape', [x, graph.ints(0, 0, numHeads, keyDim)]);
  const gain = graph.f32(new Float32Array(keyDim).fill(1 / Math.sqrt(keyDim)), [keyDim]);
  const unit = graph.node('SimplifiedLayerNormalization', [heads, gain], {
    attributes: { axis: { int: -1 }, epsilon: { float: LENGTH_EPS / keyDim } },
  });
  return graph.node('Reshape', [unit, graph.ints(0, 0, numHeads * keyDim)]);
}

function gates(
  context: GraphContext,
  normed: Value,
  take: (x: Value) => Value,
  plan: DeltaNetPlan,
): { readonly decay: Value; readonly rate: Value } {
  const { graph, store } = context;
  const [b, a] = linearParts(context, normed, plan.gates);
  if (b === undefined || a === undefined) {
    throw new Error(`${plan.gates.name} must have two parts: this is a bug`);
  }
  const [decay, rate] = [graph.name(), graph.name()];
  const bias = graph.externalFloat(store.tensor(plan.stepBias.name));
  graph.node('LinearAttentionGate', [take(a), bias, minusExp(context, plan.aLog), take(b)], {
    outputs: [decay, rate],
  });
  return { decay, rate };
}
