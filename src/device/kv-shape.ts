import type { ModelSpec } from '../core/model-spec.js';

/** What the KV arrays of a device need to know of the model. */
export interface KvShape {
  readonly numLayers: number;
  readonly numKvHeads: number;
  readonly headDim: number;
}

export function kvShapeOf(spec: ModelSpec): KvShape {
  return { numLayers: spec.numLayers, numKvHeads: spec.numKvHeads, headDim: spec.headDim };
}

export const KV_PARTS = ['key', 'value'] as const;

/** V8 allows no longer typed array. */
export const MAX_ARRAY_ELEMENTS = 2 ** 32 - 1;
