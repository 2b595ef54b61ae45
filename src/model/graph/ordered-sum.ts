import type { Graph, Value } from './graph.js';

/**
 * The sum over an axis of `size`, which stays with size 1, added from the first number on: where the runtime reduces an
 * axis itself, the order depends on how many rows there are and on where in memory one begins.
 */
export function orderedSum(
  graph: Graph,
  x: Value,
  { axis, size }: { readonly axis: number; readonly size: number },
): Value {
  const parts = Array.from({ length: size }, () => graph.name());
  graph.node('Split', [x], {
    attributes: { axis: { int: axis }, num_outputs: { int: size } },
    outputs: parts,
  });
  return graph.node('Sum', parts);
}
