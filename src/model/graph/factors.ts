import type { Graph, Value } from './graph.js';

/** `x [.., width]` times a factor for each column. Of two constants: it is folded when the session is created. */
export function scaled(graph: Graph, x: Value, factors: Float32Array | null): Value {
  return factors === null ? x : graph.node('Mul', [x, graph.f32(factors, [factors.length])]);
}

/** Those of parts that lie side by side. */
export function joinedFactors(parts: readonly Float32Array[]): Float32Array {
  return Float32Array.from(parts.flatMap((part) => [...part]));
}
