import type { Graph, Value } from './graph.js';

/** Of each column of the parts of a linear; null = 1. */
export type ColumnFactors = readonly (Float32Array | null)[];

/** `x [.., width]` times a factor for each column. Of two constants: it is folded when the session is created. */
export function scaled(graph: Graph, x: Value, factors: Float32Array | null): Value {
  return factors === null ? x : graph.node('Mul', [x, graph.f32(factors, [factors.length])]);
}

/** Those of parts that lie side by side, `widths` wide. */
export function joinedFactors(parts: ColumnFactors, widths: readonly number[]): Float32Array {
  return Float32Array.from(
    widths.flatMap((width, part) => [...(parts[part] ?? new Float32Array(width).fill(1))]),
  );
}

/** `x * factor`, or x where that is 1. */
export function times(graph: Graph, x: Value, factor: number): Value {
  return factor === 1 ? x : graph.node('Mul', [x, graph.float(Float32Array.of(factor), [])]);
}
