import type { AttentionPlan, HeadNormPlan, LayerPlan, LinearPlan, TensorPlan } from '../plan.js';
import type { GraphContext } from './context.js';
import { type ColumnFactors, scaled } from './factors.js';
import type { Graph, Value } from './graph.js';
import { headLayout } from './head-layout.js';
import type { KvGrid } from './int8-kv/kv-grid.js';
import { latentHeads, ofValueWidth } from './latent-heads.js';
import { linear, packedLinear, splitParts } from './linear.js';
import { norm } from './norm.js';
import { queryFactor } from './rotary-tables.js';
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
  const { o } = layer.attention;
  const grid = context.kvGrids?.[layer.index] ?? null;
  const heads = pick(attendedHeads(context, normed, layer));
  return grid === null ? packedLinear(context, heads, o) : fromGrid(context, heads, o, grid);
}

/** What the output projection of a layer reads: `[B, S, hidden]` normed to `[B, S, numHeads * headDim]`. */
export function attendedHeads(context: GraphContext, normed: Value, layer: LayerPlan): Value {
  const { graph, config } = context;
  const grid = context.kvGrids?.[layer.index] ?? null;
  const rows = context.rows ?? OWN_ROWS;
  const parts = queryKeyValue(context, normed, { plan: layer.attention, grid });
  const attended = rows.fromRun(
    context.attend(
      layer,
      parts.map((part) => (part === '' ? part : rows.toRun(part))),
    ),
  );
  const unpadded = headLayout(config.headDim).unpad(graph, attended, config.numHeads);
  return ofValueWidth(context, unpadded, layer.attention);
}

/** The output projection of what attention gives in the units of the grid. */
function fromGrid(context: GraphContext, heads: Value, o: LinearPlan, { output }: KvGrid): Value {
  const { graph, store } = context;
  const weight = store.linear(o.name);
  if (weight.format === 'w8a8_int8' && weight.matrices.every(({ bias }) => bias === null)) {
    return packedLinear(context, heads, o, [filled(o.out, output)]);
  }
  const factor = graph.float(Float32Array.of(output), []);
  return packedLinear(context, graph.node('Mul', [heads, factor]), o);
}

interface PlanOnGrid {
  readonly plan: AttentionPlan;
  readonly grid: KvGrid | null;
}

/** Three inputs of the op: q, k and v, or all of them packed in the first. */
function queryKeyValue(
  context: GraphContext,
  normed: Value,
  { plan, grid }: PlanOnGrid,
): readonly Value[] {
  const { graph, config } = context;
  const layout = headLayout(config.headDim);
  const factors = columnFactors(context, plan, grid);
  // A norm of heads would undo what was done before it, and a clip is for what it was without.
  const isChanged = plan.qNorm !== null || plan.clip !== null || plan.latent !== null;
  const output = linear(context, normed, plan.qkv, isChanged ? null : factors);
  if (output.packed && !isChanged && !layout.isPadded) return [output.value, '', ''];
  const given = output.packed ? splitParts(graph, output.value, plan.qkv) : output.values;
  const parts = plan.latent === null ? given : latentHeads(context, given, plan.latent);
  const norms = [plan.qNorm, plan.kNorm, null];
  const numHeads = [config.numHeads, config.numKvHeads, config.numKvHeads];
  return parts.map((part, index) => {
    const heads = normHeads(context, part, norms[index] ?? null);
    const kept = clipped(graph, heads, plan.clip);
    const onGrid = isChanged ? scaled(graph, kept, factors?.[index] ?? null) : kept;
    return layout.pad(graph, onGrid, numHeads[index] ?? 0);
  });
}

/** Of each column of q, k and v: what brings them to the grid, and the scale of scores where the tables do not have it. */
function columnFactors(
  { config }: GraphContext,
  plan: AttentionPlan,
  grid: KvGrid | null,
): ColumnFactors | null {
  const factor = queryFactor(plan);
  if (factor === 1) return grid?.parts ?? null;
  if (grid === null) return [filled(config.numHeads * config.headDim, factor), null, null];
  const [query, key, value] = grid.parts;
  return [query.map((column) => column * factor), key, value];
}

function filled(length: number, value: number): Float32Array {
  return new Float32Array(length).fill(value);
}

/** `[B, S, heads * headDim]` in and out. */
function normHeads(context: GraphContext, x: Value, plan: HeadNormPlan | null): Value {
  if (plan === null) return x;
  if (plan.over === 'heads') return norm(context, x, plan);
  const { graph } = context;
  const heads = graph.node('Reshape', [x, graph.ints(0, 0, -1, plan.width)]);
  const normed = norm(context, heads, plan);
  const gained =
    plan.headGains === null
      ? normed
      : graph.node('Mul', [normed, headGains(context, plan.headGains, plan.width)]);
  return graph.node('Reshape', [gained, graph.ints(0, 0, -1)]);
}

/** `[heads, headDim]`. Of constants: it is folded when the session is created. */
function headGains(
  { graph, store }: GraphContext,
  gains: readonly TensorPlan[],
  headDim: number,
): Value {
  const stored = gains.map(({ name }) => graph.externalFloat(store.tensor(name)));
  const all = graph.node('Concat', stored, { attributes: { axis: { int: 0 } } });
  return graph.node('Reshape', [all, graph.ints(-1, headDim)]);
}

/** x within `[-limit, limit]`, or x where there is none. */
function clipped(graph: Graph, x: Value, limit: number | null): Value {
  if (limit === null) return x;
  const [low, high] = [-limit, limit].map((bound) => graph.float(Float32Array.of(bound), []));
  return graph.node('Clip', [x, low ?? '', high ?? '']);
}
