import type { Graph, Value } from './graph.js';

/** GroupQueryAttention rotates halves of a head only in multiples of this many dimensions. */
const HALF_MULTIPLE = 8;

/** How a head of the model lies in the op and in the KV cache. */
export interface HeadLayout {
  /** Dimensions of a head in the cache. */
  readonly cacheHeadDim: number;
  readonly isPadded: boolean;
  /** `[B, S, heads * headDim]` → `[B, S, heads * cacheHeadDim]`. */
  pad(graph: Graph, x: Value, heads: number): Value;
  /** `[B, S, heads * cacheHeadDim]` → `[B, S, heads * headDim]`: without what {@link pad} added. */
  unpad(graph: Graph, x: Value, heads: number): Value;
}

/**
 * Both halves of a head are filled with zeros to a multiple of 8, which changes no dot product and
 * rotates nothing: `[a | b]` → `[a 0 | b 0]`.
 */
export function headLayout(headDim: number): HeadLayout {
  const half = headDim / 2;
  const cacheHalf = Math.ceil(half / HALF_MULTIPLE) * HALF_MULTIPLE;
  const isPadded = half !== cacheHalf;
  return {
    cacheHeadDim: cacheHalf * 2,
    isPadded,
    pad: (graph, x, heads) => {
      if (!isPadded) return x;
      const halves = graph.node('Reshape', [x, graph.ints(0, 0, heads * 2, half)]);
      const pads = graph.ints(0, 0, 0, 0, 0, 0, 0, cacheHalf - half);
      const padded = graph.node('Pad', [halves, pads]);
      return graph.node('Reshape', [padded, graph.ints(0, 0, heads * 2 * cacheHalf)]);
    },
    unpad: (graph, x, heads) => {
      if (!isPadded) return x;
      const halves = graph.node('Reshape', [x, graph.ints(0, 0, heads * 2, cacheHalf)]);
      const cut = graph.node('Slice', [halves, graph.ints(0), graph.ints(half), graph.ints(3)]);
      return graph.node('Reshape', [cut, graph.ints(0, 0, heads * headDim)]);
    },
  };
}

/** Heads as they are, for ops that take any. */
export function plainLayout(headDim: number): HeadLayout {
  return {
    cacheHeadDim: headDim,
    isPadded: false,
    pad: (_, x) => x,
    unpad: (_, x) => x,
  };
}

/** `[positions, headDim / 2]` → `[positions, cacheHeadDim / 2]`, filled with `fill`. */
export function padTable(table: Float32Array, headDim: number, fill: number): Float32Array {
  const half = headDim / 2;
  const cacheHalf = headLayout(headDim).cacheHeadDim / 2;
  if (half === cacheHalf) return table;
  const numPositions = table.length / half;
  const padded = new Float32Array(numPositions * cacheHalf).fill(fill);
  for (let position = 0; position < numPositions; position++) {
    padded.set(table.subarray(position * half, (position + 1) * half), position * cacheHalf);
  }
  return padded;
}
