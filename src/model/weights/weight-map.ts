import type { WeightFormat } from '../../core/model-spec.js';
import type { LinearWeight, TensorRef, WeightStore } from './weight-store.js';

/** What a weight store holds, as plain values: this is also the cache's JSON index. */
export interface WeightMap {
  readonly format: WeightFormat;
  readonly totalBytes: number;
  readonly tensors: Readonly<Record<string, TensorRef>>;
  readonly linears: Readonly<Record<string, LinearWeight>>;
}

/** A {@link WeightStore} over `map`, whose files lie in the real folder `folder`. */
export function weightStore(folder: string, map: WeightMap): WeightStore {
  return {
    folder,
    format: map.format,
    totalBytes: map.totalBytes,
    tensor: (name) => named(map.tensors, name, 'tensor'),
    linear: (name) => named(map.linears, name, 'linear'),
  };
}

function named<T>(values: Readonly<Record<string, T>>, name: string, kind: string): T {
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  if (value === undefined) throw new Error(`This is a bug: no ${kind} is named '${name}'.`);
  return value;
}
