import { headsOf } from '../plan/facts.js';
import type { AttentionPlan, HeadNormPlan, HeadSizes } from '../plan/attention.js';
import type { LinearPlan, TensorPlan } from '../plan/tensors.js';
import type { LinearWeight, W8A8Linear } from '../weights/weight-store.js';
import { absorbedHeads } from './absorbed-heads.js';
import { type AttentionLayer, type GraphContext, placedOf } from './context.js';
import { type ColumnFactors, scaled, times } from './factors.js';
import type { Graph, Value } from './graph.js';
import { headLayout } from './head-layout.js';
import type { KvGrid } from './int8-kv/kv-grid.js';
import { latentHeads, ofValueWidth } from './latent-heads.js';
import { linear, packedLinear, splitParts } from './linear.js';
import { norm } from './norm.js';
import type { RowPick } from './pick.js';
import { queryFactor } from './rotary-tables.js';
import { OWN_ROWS, type RunRows } from './run-rows.js';

/**
 * Self-attention of one layer with the output projection: `[B, S, hidden]` normed in and out, where `pick` may leave out
 * rows of what attention gives. K and V of the new tokens go into the cache.
 */
export function attention(
  context: GraphContext,
  normed: Value,
  layer: AttentionLayer,
  pick: RowPick,
): Value {
  const { graph } = context;
  const { o, outputScale } = layer.attention;
  const grid = context.kvGrids?.[layer.index] ?? null;
  const heads = pick.rows(attendedHeads(context, normed, layer));
  const picked = pick.context;
  const output = grid === null ? packedLinear(picked, heads, o) : fromGrid(picked, heads, o, grid);
  return times(graph, output, outputScale);
}

/** What the output projection of a layer reads: `[B, S, hidden]` normed to `[B, S, numHeads * headDim]`. */
export function attendedHeads(context: GraphContext, normed: Value, layer: AttentionLayer): Value {
  const { graph } = context;
  const { headDim, numHeads } = headsOf(context.config, layer.attention);
  const grid = context.kvGrids?.[layer.index] ?? null;
  const rows = context.rows ?? OWN_ROWS;
  const parts = queryKeyValue(context, normed, { plan: layer.attention, grid, rows });
  const attended = rows.fromRun(context.attend(layer, parts));
  const layout = context.layout ?? headLayout(headDim);
  const unpadded = layout.unpad(graph, attended, numHeads);
  const heads = ofValueWidth(context, unpadded, layer.attention);
  const { gate } = layer.attention;
  return gate === null ? heads : gatedHeads(context, heads, { normed, gate });
}

function gatedHeads(
  context: GraphContext,
  heads: Value,
  { normed, gate }: { readonly normed: Value; readonly gate: LinearPlan },
): Value {
  const { graph } = context;
  const share = graph.node('Sigmoid', [packedLinear(context, normed, gate)]);
  return graph.node('Mul', [heads, share]);
}

/** The output projection of what attention gives in the units of the grid. */
function fromGrid(context: GraphContext, heads: Value, o: LinearPlan, { output }: KvGrid): Value {
  const { graph, store } = context;
  const weight = store.linear(o.name);
  if (weight.format === 'w8a8_int8' && weight.matrices.every(({ bias }) => bias === null)) {
    const inRange = overGrid(context, o, weight);
    return packedLinear(inRange, heads, o, [filled(o.out, output)]);
  }
  const factor = graph.float(Float32Array.of(output), []);
  return packedLinear(context, graph.node('Mul', [heads, factor]), o);
}

/** Where the projection's weights say over what inputs in such units are quantised, they are. */
function overGrid(context: GraphContext, { name }: LinearPlan, weight: W8A8Linear): GraphContext {
  const { store } = context;
  const { gridRange } = weight;
  if (gridRange === undefined) return context;
  const linear = (asked: string): LinearWeight =>
    asked === name ? { ...weight, inputRange: gridRange } : store.linear(asked);
  return { ...context, store: { ...store, linear } };
}

interface PlanOnGrid {
  readonly plan: AttentionPlan;
  readonly grid: KvGrid | null;
  readonly rows: RunRows;
}

/**
 * Inputs of the op: q, k and v, or all of them packed in the first, or q alone where k and v are another layer's. Rows are
 * those of the run.
 */
function queryKeyValue(
  context: GraphContext,
  normed: Value,
  { plan, grid, rows }: PlanOnGrid,
): readonly Value[] {
  const { graph } = context;
  const sizes = headsOf(context.config, plan);
  const layout = context.layout ?? headLayout(sizes.headDim);
  const factors = columnFactors(context, plan, grid);
  // A norm of heads would undo what was done before it, and a clip is for what it was without.
  const isChanged = plan.qNorm !== null || plan.clip !== null || plan.latent !== null;
  const output = linear(context, normed, plan.qkv, isChanged ? null : factors);
  const isPlain = !isChanged && !layout.isPadded && plan.temperature === null;
  if (output.packed && isPlain) return [rows.toRun(output.value), '', ''];
  const given = output.packed ? splitParts(graph, output.value, plan.qkv) : output.values;
  const { latent } = plan;
  if (latent !== null && latent.absorbed !== null) {
    const heads = absorbedHeads(
      context,
      given,
      { ...plan, latent, absorbed: latent.absorbed },
      rows,
    );
    return heads.map((x, at) => layout.pad(graph, x, headCount(sizes, KINDS[at] ?? 'value')));
  }
  const parts = latent === null ? given : latentHeads(context, given, latent);
  return parts.map((part, index) => {
    const kind = KINDS[index] ?? 'value';
    const heads = finishedHeads(context, rows.toRun(part), plan, kind);
    const onGrid = isChanged ? scaled(graph, heads, factors?.[index] ?? null) : heads;
    return layout.pad(graph, onGrid, headCount(sizes, kind));
  });
}

const KINDS = ['query', 'key', 'value'] as const;
type Kind = (typeof KINDS)[number];

function headCount({ numHeads, numKvHeads }: HeadSizes, kind: Kind): number {
  return kind === 'query' ? numHeads : numKvHeads;
}

/** `[B, S, heads * headDim]` in and out: what attention ops read, but for the grid and what they rotate themselves. */
function finishedHeads(context: GraphContext, x: Value, plan: AttentionPlan, kind: Kind): Value {
  const { graph } = context;
  const { rotary, normsRotated, qNorm, kNorm, vNorm = null, temperature } = plan;
  if (kind === 'value') return clipped(graph, normHeads(context, x, vNorm), plan.clip);
  const rotated =
    normsRotated && rotary !== null
      ? placedOf(context).rotated(x, rotary, {
          numHeads: headCount(context.config, kind),
          headDim: context.config.headDim,
        })
      : x;
  const normed = normHeads(context, rotated, kind === 'query' ? qNorm : kNorm);
  const kept = clipped(graph, normed, plan.clip);
  if (kind === 'key' || temperature === null) return kept;
  return placedOf(context).tempered(kept, temperature);
}

/** Of each column of q, k and v: what brings them to the grid, and the scale of scores where the tables do not have it. */
function columnFactors(
  { config, scalesScores = false }: GraphContext,
  plan: AttentionPlan,
  grid: KvGrid | null,
): ColumnFactors | null {
  const factor = scalesScores ? 1 : queryFactor(plan);
  if (factor === 1) return grid?.parts ?? null;
  const { numHeads, headDim } = headsOf(config, plan);
  if (grid === null) return [filled(numHeads * headDim, factor), null, null];
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
