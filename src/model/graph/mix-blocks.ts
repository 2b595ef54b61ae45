import type { Graph, Value } from './graph.js';

/**
 * Multiplies each run of `block` columns of `x [.., width]` by the normalised Hadamard matrix of that
 * size (Sylvester's order: entry (i, j) is `(-1)^popcount(i & j) / sqrt(block)`); null = `x` as it is.
 */
export function mixBlocks(graph: Graph, x: Value, block: number | null, width: number): Value {
  if (block === null) return x;
  const matrix = graph.float(sylvester(block), [block, block], `hadamard:${block}`);
  const blocks = graph.node('Reshape', [x, graph.ints(-1, width / block, block)]);
  const product = graph.node('MatMul', [blocks, matrix]);
  return graph.node('Reshape', [product, graph.node('Shape', [x])]);
}

function sylvester(size: number): Float32Array {
  const entry = 1 / Math.sqrt(size);
  return Float32Array.from({ length: size * size }, (_, at) =>
    parity(Math.floor(at / size) & (at % size)) === 0 ? entry : -entry,
  );
}

function parity(bits: number): 0 | 1 {
  let rest = bits;
  let odd: 0 | 1 = 0;
  while (rest !== 0) {
    rest &= rest - 1;
    odd = odd === 0 ? 1 : 0;
  }
  return odd;
}
