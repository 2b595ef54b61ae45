import type { LayerPlan, TensorPlan } from '../plan.js';
import type { GraphContext } from './context.js';
import type { Value } from './graph.js';
import { headLayout } from './head-layout.js';
import { linear, splitParts } from './linear.js';
import { rmsNorm } from './norm.js';

/**
 * Self-attention of one layer without the output projection: `[B, S, hidden]` normed in,
 * `[B, S, numHeads * headDim]` out. K and V of the new tokens go into the cache in place.
 */
export function attention(context: GraphContext, normed: Value, layer: LayerPlan): Value {
  const { graph, config } = context;
  const heads = context.attend(layer.index, queryKeyValue(context, normed, layer));
  return headLayout(config.headDim).unpad(graph, heads, config.numHeads);
}

/** Three inputs of the op: q, k and v, or all of them packed in the first. */
function queryKeyValue(context: GraphContext, normed: Value, layer: LayerPlan): readonly Value[] {
  const { graph, config } = context;
  const layout = headLayout(config.headDim);
  const output = linear(context, normed, layer.qkv);
  if (output.packed && layer.qNorm === null && !layout.isPadded) return [output.value, '', ''];
  const parts = output.packed ? splitParts(graph, output.value, layer.qkv) : output.values;
  const [query, key, value] = parts;
  if (query === undefined || key === undefined || value === undefined) {
    throw new Error(`${layer.qkv.name} must have three parts: this is a bug`);
  }
  const normedQuery = normHeads(context, query, layer.qNorm);
  const normedKey = normHeads(context, key, layer.kNorm);
  return [
    layout.pad(graph, normedQuery, config.numHeads),
    layout.pad(graph, normedKey, config.numKvHeads),
    layout.pad(graph, value, config.numKvHeads),
  ];
}

/** RMSNorm of each head: `[B, S, heads * headDim]` in and out. */
function normHeads(context: GraphContext, x: Value, gain: TensorPlan | null): Value {
  if (gain === null) return x;
  const { graph, config } = context;
  const heads = graph.node('Reshape', [x, graph.ints(0, 0, -1, config.headDim)]);
  return graph.node('Reshape', [rmsNorm(context, heads, gain), graph.ints(0, 0, -1)]);
}
