import type { MlpPlan } from '../plan/mlp.js';
import type { LayerPlan, TrunkPlan } from '../plan/network.js';
import type { NormPlan } from '../plan/tensors.js';
import { altUpLayer, enterStreams, leaveStreams } from './altup.js';
import { attention } from './attention.js';
import type { GraphContext } from './context.js';
import { times } from './factors.js';
import type { Value } from './graph.js';
import { withTableAdapters } from './lora.js';
import { denseMlp } from './mlp.js';
import { routedMlp } from './moe.js';
import { addThenNorm, norm, normOfSum, type ResidualNorm } from './norm.js';
import { allRows, gatherHeadRows, headRowsOnly, type RowPick } from './pick.js';
import { recurrent } from './recurrent/recurrent.js';
import { OWN_ROWS, type RunRows } from './run-rows.js';
import { tableRows } from './table-rows.js';
import { tokenInput, tokenInputs } from './token-inputs.js';

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
  const entered = entering ?? embedded(context, plan, rows);
  const own =
    plan.tokenInputs === undefined ? [] : tokenInputs(context, entered, plan.tokenInputs, rows);
  if (plan.streams !== undefined) return streamsStack(context, { plan, entered, own, rows });
  let stream: Stream = { residual: entered, delta: null, isNormed: plan.isStreamNormed ?? false };
  for (const [at, layer] of plan.layers.entries()) {
    const pick = needsHeadRowsOnly(plan, layer) ? headRowsOnly(context) : allRows(context);
    const behind = decoderLayer(context, stream, layer, pick);
    stream = layerEnd(context, behind, layer, () => pick.rows(own[at] ?? ''));
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

interface StreamsRun {
  readonly plan: TrunkPlan;
  readonly entered: Value;
  /** Of each layer. */
  readonly own: readonly Value[];
  readonly rows: RunRows;
}

/** The same of several streams. */
function streamsStack(context: GraphContext, { plan, entered, own, rows }: StreamsRun): Value {
  const { graph } = context;
  const { streams: streamsPlan } = plan;
  if (streamsPlan === undefined) throw new Error('one stream: this is a bug');
  const { active, leave } = streamsPlan;
  const last = plan.layers.reduce(
    (streams, layer, at) => {
      const { altUp } = layer;
      if (altUp === undefined)
        throw new Error(`layer ${layer.index} has one stream: this is a bug`);
      return altUpLayer(context, streams, { layer, altUp, active, own: own[at] ?? null });
    },
    enterStreams(context, entered, streamsPlan),
  );
  const flat = graph.node('Reshape', [last, graph.ints(0, 0, -1)]);
  const picked = gatherHeadRows(graph, flat, rows);
  const apart = graph.node('Reshape', [picked, graph.ints(0, 0, leave.length + 1, -1)]);
  const joined = leaveStreams(context, apart, streamsPlan);
  return rows.toHeadRows(
    graph.node('Reshape', [joined, graph.ints(-1, context.config.hiddenSize)]),
  );
}

/** What is added behind both halves, and multiplies all. `own` gives the token's numbers of the layer. */
function layerEnd(
  context: GraphContext,
  stream: Stream,
  { tokenInput: inputPlan, outputScale }: LayerPlan,
  own: () => Value,
): Stream {
  if (inputPlan === undefined && outputScale === undefined) return stream;
  const { graph, store } = context;
  const whole = readStream(context, stream, null).residual;
  const added = inputPlan && tokenInput(context, whole, own(), inputPlan);
  if (outputScale === undefined) return { ...stream, residual: whole, delta: added ?? null };
  const sum = added === undefined ? whole : graph.node('Add', [whole, added]);
  const scale = graph.externalFloat(store.tensor(outputScale.name));
  return { ...stream, residual: graph.node('Mul', [sum, scale]), delta: null };
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
    const delta = written(context, anyMlp(pick.context, middle, layer.index, mlp), output);
    return { ...stream, residual: middle.residual, delta };
  }
  const { mlpNorm } = layer;
  const normed = mlpNorm === null ? pick.rows(read.normed) : norm(context, residual, mlpNorm);
  const added = anyMlp(pick.context, { normed, residual }, layer.index, mlp);
  const delta = written(context, added, output);
  return { ...stream, residual, delta: context.graph.node('Add', [attended, delta]) };
}

function mlpAlone(context: GraphContext, stream: Stream, layer: LayerPlan, pick: RowPick): Stream {
  const { index, mlp } = layer;
  if (mlp === null) throw new Error(`layer ${index} does nothing: this is a bug`);
  const all = readStream(context, stream, layer.mlpNorm);
  const read = { normed: pick.rows(all.normed), residual: pick.rows(all.residual) };
  const added = anyMlp(pick.context, read, index, mlp);
  const delta = written(context, added, mlpOutput(layer));
  return { ...stream, residual: read.residual, delta };
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
  const stored = tableRows(context, plan.embedding, rows.ids);
  const own = withTableAdapters(context, plan.embedding, stored, rows.ids);
  const tokens = times(graph, own, plan.embeddingScale);
  if (plan.positions === null) return tokens;
  if (context.positions === undefined) throw new Error('This is a bug: a run without positions.');
  const places = tableRows(context, plan.positions, context.positions);
  return graph.node('Add', [tokens, rows.fromRun(places)]);
}

function anyMlp(context: GraphContext, read: ResidualNorm, layer: number, plan: MlpPlan): Value {
  return plan.kind === 'moe'
    ? routedMlp(context, read, layer, plan)
    : denseMlp(context, read.normed, plan);
}

/**
 * Behind the last mixer nothing reads the other rows, so only these go on. A routed layer must
 * report the experts of every row, and keeps them all.
 */
function needsHeadRowsOnly(plan: TrunkPlan, layer: LayerPlan): boolean {
  return layer === plan.layers.at(-1) && layer.mlp?.kind !== 'moe';
}
