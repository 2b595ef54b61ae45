import { GRAPH_INPUTS } from './contract.js';
import type { LayerPlan, ModelPlan, TensorPlan } from '../plan.js';
import { attention } from './attention.js';
import type { GraphContext, WeightContext } from './context.js';
import type { Graph, Value } from './graph.js';
import { gatedMlp } from './mlp.js';
import { routedMlp } from './moe.js';
import { addThenNorm, rmsNorm, type ResidualNorm } from './norm.js';
import { OWN_ROWS, type RunRows } from './run-rows.js';

/**
 * Embedding and all decoder layers (pre-norm: each half adds to the residual stream what it made of
 * the norm of it, in some families normed once more). Returns the rows of `head_rows`, `[R, hidden]`,
 * before the final norm.
 */
export function decoderStack(context: GraphContext, plan: ModelPlan): Value {
  const rows = context.rows ?? OWN_ROWS;
  let residual = scaledTokens(context, plan.embedding, rows);
  let delta: Value | null = null;
  for (const layer of plan.layers) {
    const read: ResidualNorm =
      delta === null
        ? { normed: rmsNorm(context, residual, layer.inputNorm), residual }
        : addThenNorm(context, residual, delta, layer.inputNorm);
    const pick = needsHeadRowsOnly(plan, layer)
      ? (x: Value) => gatherHeadRows(context.graph, x, rows)
      : (x: Value) => x;
    const output = attention(context, read.normed, layer, pick);
    residual = pick(read.residual);
    const attended = normOutput(context, output, layer.attentionOutputNorm);
    const middle = addThenNorm(context, residual, attended, layer.postNorm);
    ({ residual } = middle);
    delta = normOutput(context, mlp(context, middle.normed, layer), layer.mlpOutputNorm);
  }
  const { graph } = context;
  const stream = delta === null ? residual : graph.node('Add', [residual, delta]);
  const last = plan.layers.at(-1);
  const gathered = last !== undefined && needsHeadRowsOnly(plan, last);
  const picked = gathered ? stream : gatherHeadRows(graph, stream, rows);
  return rows.toHeadRows(
    graph.node('Reshape', [picked, graph.ints(-1, context.config.hiddenSize)]),
  );
}

/** `[B, S, hidden]`: the residual stream where it enters the first layer. */
export function scaledTokens(
  context: GraphContext,
  plan: TensorPlan,
  { ids }: Pick<RunRows, 'ids'>,
): Value {
  const { graph, config } = context;
  const rows = embedTokens(context, plan, ids);
  if (config.embeddingScale === 1) return rows;
  return graph.node('Mul', [rows, graph.float(Float32Array.of(config.embeddingScale), [])]);
}

/** What a half of a layer adds to the residual stream, normed where the family does so. */
export function normOutput(context: GraphContext, output: Value, gain: TensorPlan | null): Value {
  return gain === null ? output : rmsNorm(context, output, gain);
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

function mlp(context: GraphContext, normed: Value, layer: LayerPlan): Value {
  return layer.mlp.kind === 'dense'
    ? gatedMlp(context, normed, layer.mlp)
    : routedMlp(context, normed, layer.index, layer.mlp);
}

/**
 * After the last attention nothing reads the other rows, so only these go on. A routed layer must
 * report the experts of every row, and keeps them all.
 */
function needsHeadRowsOnly(plan: ModelPlan, layer: LayerPlan): boolean {
  return layer === plan.layers.at(-1) && layer.mlp.kind === 'dense';
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
