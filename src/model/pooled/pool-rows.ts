import type { PoolingMode } from '../../core/model-spec.js';
import { EMBED_INPUTS } from '../graph/contract.js';
import type { Graph, Value } from '../graph/graph.js';
import { placesIn } from './score-bias.js';

export interface PoolRowsOptions {
  readonly modes: readonly PoolingMode[];
  /** Of a hidden state. */
  readonly width: number;
  /** For `turn`: the tokens that begin with the one that is taken, where they are last. */
  readonly turn: readonly number[];
}

/** Modes whose rows are the answer. */
const AS_THEY_ARE: readonly PoolingMode[] = ['cls', 'last', 'tokens'];

/** `[R, width]` → `[B, modes * width]`, or as they are, by the contract of graph/contract.ts. */
export function poolRows(
  graph: Graph,
  rows: Value,
  { modes, width, turn }: PoolRowsOptions,
): Value {
  const [only] = modes;
  if (modes.length === 1 && AS_THEY_ARE.some((mode) => mode === only)) return rows;
  const bySequence = rowsOfSequences(graph, rows, width);
  const numSums = modes.filter((mode) => mode !== 'max' && mode !== 'turn').length;
  // Of each sequence by itself: what it adds up to is then the same beside any others.
  const sums = numSums === 0 ? null : graph.node('MatMul', [EMBED_INPUTS.poolWeights, bySequence]);
  let numTaken = 0;
  const vectors = modes.map((mode) => {
    if (mode === 'turn') return atTurn(graph, bySequence, turn);
    return mode === 'max' || sums === null
      ? largest(graph, bySequence)
      : graph.node('Gather', [sums, graph.int(numTaken++)], { attributes: { axis: { int: 1 } } });
  });
  return graph.node('Concat', vectors, { attributes: { axis: { int: 1 } } });
}

/** `[B, S, width]` */
function rowsOfSequences(graph: Graph, rows: Value, width: number): Value {
  const batch = graph.node('Shape', [EMBED_INPUTS.seqlensK]);
  const shape = graph.node('Concat', [batch, graph.ints(-1, width)], {
    attributes: { axis: { int: 0 } },
  });
  return graph.node('Reshape', [rows, shape]);
}

/** `[B, width]`: the row where the last of these tokens begin; where they are nowhere it is no number. */
function atTurn(graph: Graph, bySequence: Value, turn: readonly number[]): Value {
  const ids = graph.node('Pad', [EMBED_INPUTS.inputIds, graph.ints(0, 0, 0, turn.length - 1)]);
  const places = placesIn(graph);
  const matches = turn.map((id, at) => {
    const own = graph.node('Add', [places, graph.int(at)]);
    const taken = graph.node('Gather', [ids, own], { attributes: { axis: { int: 1 } } });
    return graph.cast(graph.node('Equal', [taken, graph.int(id)]), 'i64');
  });
  const all = matches.reduce((product, match) => graph.node('Mul', [product, match]));
  const numbered = graph.node('Mul', [all, graph.node('Add', [places, graph.int(1)])]);
  const attributes = { keepdims: { int: 1 } };
  const number = graph.node('ReduceMax', [numbered, graph.ints(1)], { attributes });
  const isMissing = graph.node('Equal', [number, graph.int(0)]);
  const place = graph.node('Max', [graph.node('Sub', [number, graph.int(1)]), graph.int(0)]);
  const row = graph.node('GatherND', [bySequence, place], {
    attributes: { batch_dims: { int: 1 } },
  });
  return graph.node('Where', [isMissing, graph.f32(Float32Array.of(NaN), []), row]);
}

/** `[B, width]`: the largest of each dimension. */
function largest(graph: Graph, bySequence: Value): Value {
  return graph.node('ReduceMax', [bySequence, graph.ints(1)], {
    attributes: { keepdims: { int: 0 } },
  });
}
