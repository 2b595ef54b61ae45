import type { PoolingMode } from '../../core/model-spec.js';
import { EMBED_INPUTS } from '../graph/contract.js';
import type { Graph, Value } from '../graph/graph.js';

export interface PoolRowsOptions {
  readonly modes: readonly PoolingMode[];
  /** Of a hidden state. */
  readonly width: number;
}

/** Modes whose rows are the answer. */
const AS_THEY_ARE: readonly PoolingMode[] = ['cls', 'last', 'tokens'];

/** `[R, width]` → `[B, modes * width]`, or as they are, by the contract of graph/contract.ts. */
export function poolRows(graph: Graph, rows: Value, { modes, width }: PoolRowsOptions): Value {
  const [only] = modes;
  if (modes.length === 1 && AS_THEY_ARE.some((mode) => mode === only)) return rows;
  const bySequence = rowsOfSequences(graph, rows, width);
  const numSums = modes.filter((mode) => mode !== 'max').length;
  // Of each sequence by itself: what it adds up to is then the same beside any others.
  const sums = numSums === 0 ? null : graph.node('MatMul', [EMBED_INPUTS.poolWeights, bySequence]);
  let numTaken = 0;
  const vectors = modes.map((mode) =>
    mode === 'max' || sums === null
      ? largest(graph, bySequence)
      : graph.node('Gather', [sums, graph.int(numTaken++)], { attributes: { axis: { int: 1 } } }),
  );
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

/** `[B, width]`: the largest of each dimension. */
function largest(graph: Graph, bySequence: Value): Value {
  return graph.node('ReduceMax', [bySequence, graph.ints(1)], {
    attributes: { keepdims: { int: 0 } },
  });
}
