import { GRAPH_INPUTS } from './contract.js';
import type { LayerPlan, MlpPlan, NormPlan, TensorPlan, TrunkPlan } from '../plan.js';
import { attention } from './attention.js';
import type { GraphContext, WeightContext } from './context.js';
import { times } from './factors.js';
import type { Value } from './graph.js';
import { denseMlp } from './mlp.js';
import { routedMlp } from './moe.js';
import { addThenNorm, norm, normOfSum, type ResidualNorm } from './norm.js';
import { allRows, gatherHeadRows, headRowsOnly, type RowPick } from './pick.js';
import { recurrent } from './recurrent/recurrent.js';
import { OWN_ROWS, type RunRows } from './run-rows.js';

/** The residual stream: what was added last is not in it yet, so that one node adds and norms. */
interface Stream {
  readonly residual: Value;
  readonly delta: Value | null;
  /** The norm of it takes its place. */
  readonly isNormed: boolean;
}

/**
 * Embedding and all layers; `entering`, `[B, S, hidden]`, is what the layers read in place of the embedding. Returns the
 * rows of `head_rows`, `[R, hidden]`, before the final norm.
 */
export function decoderStack(context: GraphContext, plan: TrunkPlan, entering?: Value): Value {
  const rows = context.rows ?? OWN_ROWS;
  let stream: Stream = {
    residual: entering ?? embedded(context, plan, rows),
    delta: null,
    isNormed: plan.isStreamNormed ?? false,
  };
  for (const layer of plan.layers) {
    const pick = needsHeadRowsOnly(plan, layer) ? headRowsOnly(context) : allRows(context);
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
  pick: RowPick,
): Stream {
  const { mlp } = layer;
  if (layer.attention === null && layer.recurrent === null) {
    return mlpAlone(context, stream, layer, pick);
  }
  const read = readStream(context, stream, layer.inputNorm);
  const attended = written(context, mixed(context, read.normed, layer, pick), {
    norm: layer.attentionOutputNorm,
    scale: layer.residualScale,
  });
  const residual = pick.rows(read.residual);
  if (mlp === null) return { ...stream, residual, delta: attended };
  const output = mlpOutput(layer);
  if (!layer.isParallel) {
    const between = { ...stream, residual, delta: attended };
    const middle = readStream(context, between, layer.mlpNorm);
    const added = anyMlp(pick.context, middle.normed, layer.index, mlp);
    const delta = written(context, added, output);
    return { ...stream, residual: middle.residual, delta };
  }
  const { mlpNorm } = layer;
  const normed = mlpNorm === null ? pick.rows(read.normed) : norm(context, residual, mlpNorm);
  const delta = written(context, anyMlp(pick.context, normed, layer.index, mlp), output);
  return { ...stream, residual, delta: context.graph.node('Add', [attended, delta]) };
}

function mlpAlone(context: GraphContext, stream: Stream, layer: LayerPlan, pick: RowPick): Stream {
  const { index, mlp } = layer;
  if (mlp === null) throw new Error(`layer ${index} does nothing: this is a bug`);
  const { normed, residual } = readStream(context, stream, layer.mlpNorm);
  const added = anyMlp(pick.context, pick.rows(normed), index, mlp);
  const delta = written(context, added, mlpOutput(layer));
  return { ...stream, residual: pick.rows(residual), delta };
}

function mlpOutput({ mlpOutputNorm, residualScale }: LayerPlan): WrittenHalf {
  return { norm: mlpOutputNorm, scale: residualScale };
}

/** What attention and a recurrent mixer, or the one that there is, make of `[B, S, hidden]`. */
function mixed(
  context: GraphContext,
  normed: Value,
  { index, ...layer }: LayerPlan,
  pick: RowPick,
): Value {
  const parts = [
    layer.attention && attention(context, normed, { index, attention: layer.attention }, pick),
    layer.recurrent && recurrent(context, normed, { index, plan: layer.recurrent }, pick.rows),
  ];
  return parts.filter((part) => part !== null).reduce((a, b) => context.graph.node('Add', [a, b]));
}

/** The whole stream, and the norm of it; null = it is read as it is. */
function readStream(
  context: GraphContext,
  { residual, delta, isNormed }: Stream,
  plan: NormPlan | null,
): ResidualNorm {
  if (delta !== null && !isNormed) return addThenNorm(context, residual, delta, plan);
  if (delta !== null) {
    const normed = normOfSum(context, residual, delta, plan);
    return { normed, residual: normed };
  }
  const normed = plan === null ? residual : norm(context, residual, plan);
  return { normed, residual: isNormed ? normed : residual };
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
  plan: Pick<TrunkPlan, 'embedding' | 'embeddingScale' | 'positions'>,
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

function anyMlp(context: GraphContext, normed: Value, layer: number, plan: MlpPlan): Value {
  return plan.kind === 'moe'
    ? routedMlp(context, normed, layer, plan)
    : denseMlp(context, normed, plan);
}

/**
 * Behind the last mixer nothing reads the other rows, so only these go on. A routed layer must
 * report the experts of every row, and keeps them all.
 */
function needsHeadRowsOnly(plan: TrunkPlan, layer: LayerPlan): boolean {
  return layer === plan.layers.at(-1) && layer.mlp?.kind !== 'moe';
}
