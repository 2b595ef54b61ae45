import { GRAPH_INPUTS } from './contract.js';
import type { LayerPlan, ModelPlan, NormPlan, TensorPlan } from '../plan.js';
import { attention } from './attention.js';
import type { GraphContext, WeightContext } from './context.js';
import { times } from './factors.js';
import type { Graph, Value } from './graph.js';
import { denseMlp } from './mlp.js';
import { routedMlp } from './moe.js';
import { addThenNorm, norm, type ResidualNorm } from './norm.js';
import { OWN_ROWS, type RunRows } from './run-rows.js';

/** The residual stream: what was added last is not in it yet, so that one node adds and norms. */
interface Stream {
  readonly residual: Value;
  readonly delta: Value | null;
}

/**
 * Embedding and all decoder layers. Returns the rows of `head_rows`, `[R, hidden]`, before the final norm.
 */
export function decoderStack(context: GraphContext, plan: ModelPlan): Value {
  const rows = context.rows ?? OWN_ROWS;
  let stream: Stream = { residual: embedded(context, plan, rows), delta: null };
  for (const layer of plan.layers) {
    const pick = needsHeadRowsOnly(plan, layer)
      ? (x: Value) => gatherHeadRows(context.graph, x, rows)
      : (x: Value) => x;
    stream = decoderLayer(context, stream, layer, pick);
  }
  const { graph } = context;
  const { residual, delta } = stream;
  const sum = delta === null ? residual : graph.node('Add', [residual, delta]);
  const last = plan.layers.at(-1);
  const gathered = last !== undefined && needsHeadRowsOnly(plan, last);
  const picked = gathered ? sum : gatherHeadRows(graph, sum, rows);
  return rows.toHeadRows(
    graph.node('Reshape', [picked, graph.ints(-1, context.config.hiddenSize)]),
  );
}

/** `pick` may leave out rows behind attention. */
function decoderLayer(
  context: GraphContext,
  stream: Stream,
  layer: LayerPlan,
  pick: (x: Value) => Value,
): Stream {
  const read = readStream(context, stream, layer.inputNorm);
  const attended = written(context, attention(context, read.normed, layer, pick), {
    norm: layer.attentionOutputNorm,
    scale: layer.residualScale,
  });
  const residual = pick(read.residual);
  const output = { norm: layer.mlpOutputNorm, scale: layer.residualScale };
  if (!layer.isParallel) {
    const middle = readStream(context, { residual, delta: attended }, layer.mlpNorm);
    const delta = written(context, mlp(context, middle.normed, layer), output);
    return { residual: middle.residual, delta };
  }
  const { mlpNorm } = layer;
  const normed = mlpNorm === null ? pick(read.normed) : norm(context, residual, mlpNorm);
  const delta = written(context, mlp(context, normed, layer), output);
  return { residual, delta: context.graph.node('Add', [attended, delta]) };
}

/** The whole stream, and the norm of it; null = it is read as it is. */
function readStream(
  context: GraphContext,
  { residual, delta }: Stream,
  plan: NormPlan | null,
): ResidualNorm {
  if (delta !== null) return addThenNorm(context, residual, delta, plan);
  return { normed: plan === null ? residual : norm(context, residual, plan), residual };
}

export interface WrittenHalf {
  readonly norm: NormPlan | null;
  readonly scale: number;
}

/** What a half of a layer adds to the stream. */
export function written(context: GraphContext, output: Value, half: WrittenHalf): Value {
  const { graph } = context;
  const normed = half.norm === null ? output : norm(context, output, half.norm);
  return times(graph, normed, half.scale);
}

/** Tokens, and where they stand where a table says that. */
export function embedded(
  context: GraphContext,
  plan: ModelPlan,
  rows: Pick<RunRows, 'ids' | 'fromRun'>,
): Value {
  const { graph } = context;
  const tokens = times(graph, embedTokens(context, plan.embedding, rows.ids), plan.embeddingScale);
  if (plan.positions === null) return tokens;
  if (context.positions === undefined) throw new Error('This is a bug: a run without positions.');
  const places = embedTokens(context, plan.positions, context.positions);
  return graph.node('Add', [tokens, rows.fromRun(places)]);
}

/** `[B, S, hidden]`: rows of the table as it is stored, cast after they are picked. */
export function embedTokens(
  { graph, store, target }: WeightContext,
  plan: TensorPlan,
  ids: Value = GRAPH_INPUTS.inputIds,
): Value {
  const table = store.tensor(plan.name);
  // WebGPU has no bf16.
  const isStored = table.dtype !== 'bf16' || target.device !== 'webgpu';
  const stored = isStored ? graph.external(table) : graph.externalFloat(table);
  const rows = graph.node('Gather', [stored, ids]);
  return !isStored || table.dtype === graph.compute ? rows : graph.cast(rows, graph.compute);
}

function mlp(context: GraphContext, normed: Value, { index, mlp }: LayerPlan): Value {
  return mlp.kind === 'moe'
    ? routedMlp(context, normed, index, mlp)
    : denseMlp(context, normed, mlp);
}

/**
 * After the last attention nothing reads the other rows, so only these go on. A routed layer must
 * report the experts of every row, and keeps them all.
 */
function needsHeadRowsOnly(plan: ModelPlan, layer: LayerPlan): boolean {
  return layer === plan.layers.at(-1) && layer.mlp.kind !== 'moe';
}

/** `[B, S, width]` → `[1, R, width]`, which keeps three axes for the linears. */
export function gatherHeadRows(
  graph: Graph,
  x: Value,
  { headRows }: Pick<RunRows, 'headRows'> = OWN_ROWS,
): Value {
  const rows = graph.node('Reshape', [x, graph.ints(1, -1, 0)]);
  return graph.node('Gather', [rows, headRows], { attributes: { axis: { int: 1 } } });
}
