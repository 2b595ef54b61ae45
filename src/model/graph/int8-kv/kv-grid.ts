import type { ModelConfig } from '../../families/model-config.js';
import type { LayerKvScales } from '../../kv-scales.js';
import { headLayout } from '../head-layout.js';

/** What brings a layer's attention to the units of its cache, where K and V are integers, and back. */
export interface KvGrid {
  /** Factors of the columns of q, k and v, `[heads * headDim]` each, before they are rotated. */
  readonly parts: readonly [Float32Array, Float32Array, Float32Array];
  /** Factor of what attention gives. */
  readonly output: number;
}

/** k becomes an integer of the grid but for its rounding, and q takes the scale, so that their product is what it was. */
export function kvGrid(config: ModelConfig, scales: LayerKvScales): KvGrid {
  const { numHeads, numKvHeads, headDim } = config;
  const groupSize = numHeads / numKvHeads;
  const { cacheHeadDim } = headLayout(headDim);
  const keyScale = (kvHead: number, dim: number): number =>
    scales.key[kvHead * cacheHeadDim + cacheDim(dim, headDim, cacheHeadDim)] ?? 1;
  const query = columns(numHeads, headDim, (head, dim) => {
    return keyScale(Math.floor(head / groupSize), dim);
  });
  const key = columns(numKvHeads, headDim, (head, dim) => 1 / keyScale(head, dim));
  const value = columns(numKvHeads, headDim, () => 1 / scales.value);
  return { parts: [query, key, value], output: scales.value };
}

/** Where a dimension of a head lies in the cache, whose halves are filled up. */
function cacheDim(dim: number, headDim: number, cacheHeadDim: number): number {
  const half = headDim / 2;
  return dim < half ? dim : cacheHeadDim / 2 + (dim - half);
}

function columns(
  numHeads: number,
  headDim: number,
  factor: (head: number, dim: number) => number,
): Float32Array {
  return Float32Array.from({ length: numHeads * headDim }, (_, at) =>
    factor(Math.floor(at / headDim), at % headDim),
  );
}
