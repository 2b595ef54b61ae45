import type { LayerPlan, TensorPlan } from '../plan.js';
import type { GraphContext } from './context.js';
import { scaled } from './factors.js';
import type { Value } from './graph.js';
import { headLayout } from './head-layout.js';
import type { KvGrid } from './int8-kv/kv-grid.js';
import { linear, packedLinear, splitParts } from './linear.js';
import { rmsNorm } from './norm.js';
import { OWN_ROWS } from './run-rows.js';

/**
 * Self-attention of one layer with the output projection: `[B, S, hidden]` normed in and out, where `pick` may leave out
 * rows of what attention gives. K and V of the new tokens go into the cache.
 */
export function attention(
  context: GraphContext,
  normed: Value,
  layer: LayerPlan,
  pick: (heads: Value) => Value,
): Value {
  const { graph, store } = context;
  const grid = context.kvGrids?.[layer.index] ?? null;
  const heads = pick(attendedHeads(context, normed, layer));
  if (grid === null) return packedLinear(context, heads, layer.o);
  const weight = store.linear(layer.o.name);
  if (weight.format === 'w8a8_int8' && weight.matrices.every(({ bias }) => bias === null)) {
    return packedLinear(context, heads, layer.o, [filled(layer.o.out, grid.output)]);
  }
  const factor = graph.float(Float32Array.of(grid.output), []);
  return packedLinear(context, graph.node('Mul', [heads, factor]), layer.o);
}

/** What the output projection of a layer reads: `[B, S, hidden]` normed to `[B, S, numHeads * headDim]`. */
export function attendedHeads(context: GraphContext, normed: Value, layer: LayerPlan): Value {
  const { graph, config } = context;
  const grid = context.kvGrids?.[layer.index] ?? null;
  const rows = context.rows ?? OWN_ROWS;
  const parts = queryKeyValue(context, normed, { layer, grid });
  const attended = rows.fromRun(
    context.attend(
      layer.index,
      parts.map((part) => (part === '' ? part : rows.toRun(part))),
    ),
  );
  return headLayout(config.headDim).unpad(graph, attended, config.numHeads);
}

interface LayerOfGrid {
  readonly layer: LayerPlan;
  readonly grid: KvGrid | null;
}

/** Three inputs of the op: q, k and v, or all of them packed in the first. */
function queryKeyValue(
  context: GraphContext,
  normed: Value,
  { layer, grid }: LayerOfGrid,
): readonly Value[] {
  const { graph, config } = context;
  const layout = headLayout(config.headDim);
  const factors = grid?.parts ?? null;
  // A norm of heads would undo what was done before it.
  const isNormed = layer.qNorm !== null;
  const output = linear(context, normed, layer.qkv, isNormed ? null : factors);
  if (output.packed && !isNormed && !layout.isPadded) return [output.value, '', ''];
  const parts = output.packed ? splitParts(graph, output.value, layer.qkv) : output.values;
  const norms = [layer.qNorm, layer.kNorm, null];
  const numHeads = [config.numHeads, config.numKvHeads, config.numKvHeads];
  return parts.map((part, index) => {
    const heads = normHeads(context, part, norms[index] ?? null);
    const onGrid = isNormed ? scaled(graph, heads, factors?.[index] ?? null) : heads;
    return layout.pad(graph, onGrid, numHeads[index] ?? 0);
  });
}

function filled(length: number, value: number): Float32Array {
  return new Float32Array(length).fill(value);
}

/** RMSNorm of each head: `[B, S, heads * headDim]` in and out. */
function normHeads(context: GraphContext, x: Value, gain: TensorPlan | null): Value {
  if (gain === null) return x;
  const { graph, config } = context;
  const heads = graph.node('Reshape', [x, graph.ints(0, 0, -1, config.headDim)]);
  return graph.node('Reshape', [rmsNorm(context, heads, gain), graph.ints(0, 0, -1)]);
}
