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
  const numSums = modes.filter((mode) => mode !== 'max').length;
  const sums = numSums === 0 ? null : weightedSums(graph, rows, [numSums, -1, width]);
  let numTaken = 0;
  const vectors = modes.map((mode) =>
    mode === 'max' || sums === null
      ? largest(graph, rows, width)
      : graph.node('Gather', [sums, graph.int(numTaken++)]),
  );
  return graph.node('Concat', vectors, { attributes: { axis: { int: 1 } } });
}

/** `[modes, B, width]` */
function weightedSums(graph: Graph, rows: Value, shape: readonly number[]): Value {
  const sums = graph.node('MatMul', [EMBED_INPUTS.poolWeights, rows]);
  return graph.node('Reshape', [sums, graph.ints(...shape)]);
}

/** `[B, width]`: the largest of each dimension. */
function largest(graph: Graph, rows: Value, width: number): Value {
  const batch = graph.node('Shape', [EMBED_INPUTS.seqlensK]);
  const shape = graph.node('Concat', [batch, graph.ints(-1, width)], {
    attributes: { axis: { int: 0 } },
  });
  const bySequence = graph.node('Reshape', [rows, shape]);
  return graph.node('ReduceMax', [bySequence, graph.ints(1)], {
    attributes: { keepdims: { int: 0 } },
  });
}
