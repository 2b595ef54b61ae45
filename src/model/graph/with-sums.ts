import { DIGIT_FACTORS } from '../weights/sum-columns.js';
import type { BlockLinear } from '../weights/weight-store.js';
import type { Graph, Value } from './graph.js';

/** `x [.., in]` with the sums of its blocks behind it, each once for every digit of what multiplies them. */
export function withSums(
  graph: Graph,
  x: Value,
  { in: width, blockSize, sumColumns = 0 }: BlockLinear,
): Value {
  const digits = DIGIT_FACTORS.length;
  const ones = Array.from({ length: blockSize }, () => DIGIT_FACTORS).flat();
  const blocks = graph.node('Reshape', [x, graph.ints(-1, width / blockSize, blockSize)]);
  const sums = graph.node('MatMul', [
    blocks,
    graph.float(Float32Array.from(ones), [blockSize, digits]),
  ]);
  // The leading axes are one, or two.
  const leading = graph.node('Shape', [x], { attributes: { end: { int: -1 } } });
  const shape = graph.node('Concat', [leading, graph.ints(sumColumns)], {
    attributes: { axis: { int: 0 } },
  });
  return graph.node('Concat', [x, graph.node('Reshape', [sums, shape])], {
    attributes: { axis: { int: -1 } },
  });
}
