import type { HeadSizes } from '../plan/attention.js';
import type { TrunkPlan } from '../plan/network.js';
import { GRAPH_INPUTS, pastName, prefillKeys } from './contract.js';
import type { Graph, Value } from './graph.js';
import { headLayout } from './head-layout.js';

/** The rows of a run as the attention op sees them. */
export interface AttentionRows {
  /** `[B] i32`: rows in the cache after the run, minus one, those of {@link pad} included. */
  readonly seqlensK: Value;
  /** scalar i32: the largest of {@link seqlensK}, plus one. */
  readonly totalLength: Value;
  /** `[B, S, width]` → `[B, the op's rows, width]`. */
  pad(x: Value): Value;
  /** `[B, the op's rows, width]` → `[B, S, width]`: without the rows that {@link pad} added. */
  unpad(x: Value): Value;
}

/** The rows of a run as they are: nothing is added for attention. */
export const PLAIN_ROWS: AttentionRows = {
  seqlensK: GRAPH_INPUTS.seqlensK,
  totalLength: GRAPH_INPUTS.totalLength,
  pad: (x) => x,
  unpad: (x) => x,
};

/** A short prefill run of wide heads gets rows of zeros behind it, for attention alone: {@link prefillKeys}. */
export function attentionRows(
  graph: Graph,
  plan: TrunkPlan,
): (heads: Pick<HeadSizes, 'headDim'>) => AttentionRows {
  const made = new Map<number, AttentionRows>();
  return ({ headDim }) => {
    const numKeys = prefillKeys(headLayout(headDim).cacheHeadDim);
    const rows = made.get(numKeys) ?? filledRows(graph, plan, numKeys);
    made.set(numKeys, rows);
    return rows;
  };
}

function filledRows(graph: Graph, { layers }: TrunkPlan, numKeys: number): AttentionRows {
  if (numKeys === 0) return PLAIN_ROWS;
  const numRows = sizeOf(graph, GRAPH_INPUTS.inputIds, 1);
  const first = layers.find(({ attention }) => attention !== null)?.index ?? 0;
  const room = sizeOf(graph, pastName(first, 'key'), 2);
  const missing = missingRows(graph, { numRows, numKeys, room });
  return zerosBehind(graph, { ...GRAPH_INPUTS, numRows, missing });
}

interface ZerosBehind extends Pick<AttentionRows, 'seqlensK' | 'totalLength'> {
  /** `[1] i64`: rows of the run. */
  readonly numRows: Value;
  /** `[1] i64`: rows of zeros to put behind them. */
  readonly missing: Value;
}

/** The rows of a run with zeros behind them. */
export function zerosBehind(
  graph: Graph,
  { seqlensK, totalLength, numRows, missing }: ZerosBehind,
): AttentionRows {
  const missing32 = graph.cast(missing, 'i32');
  const pads = graph.node('Concat', [graph.ints(0, 0, 0, 0), missing, graph.ints(0)], {
    attributes: { axis: { int: 0 } },
  });
  return {
    seqlensK: graph.node('Add', [seqlensK, missing32]),
    totalLength: graph.node('Add', [totalLength, graph.node('Squeeze', [missing32])]),
    pad: (x) => graph.node('Pad', [x, pads]),
    unpad: (x) => graph.node('Slice', [x, graph.ints(0), numRows, graph.ints(1)]),
  };
}

/** `[1] i64`: 0 in decode, whose rows see only themselves, and never more than the cache has room for. */
function missingRows(
  graph: Graph,
  {
    numRows,
    numKeys,
    room,
  }: { readonly numRows: Value; readonly numKeys: number; readonly room: Value },
): Value {
  const wanted = graph.node('Min', [graph.ints(numKeys), room]);
  const missing = lacking(graph, wanted, GRAPH_INPUTS.totalLength);
  const isPrefill = graph.node('Greater', [numRows, graph.ints(1)]);
  return graph.node('Mul', [missing, graph.cast(isPrefill, 'i64')]);
}

/** How much `total`, a scalar i32, lacks of `wanted`: `[1] i64`, not below 0. */
export function lacking(graph: Graph, wanted: Value, total: Value): Value {
  return graph.node('Max', [graph.node('Sub', [wanted, graph.cast(total, 'i64')]), graph.ints(0)]);
}

/** Size of one axis of `x`, `[1] i64`. */
export function sizeOf(graph: Graph, x: Value, axis: number): Value {
  const attributes = { start: { int: axis }, end: { int: axis + 1 } };
  return graph.node('Shape', [x], { attributes });
}
