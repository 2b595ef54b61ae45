import type { PreparedModel } from './graph/contract.js';

/**
 * The grid on which a layer's int8 cache holds K and V: a value is its scale times an integer of [-127, 127].
 * Plain values: they are kept beside the weights that they were measured with.
 */
export interface LayerKvScales {
  /**
   * `[numKvHeads * headDim]` of keys as a cache of floats holds them, `headDim` that of the cache; two dimensions that
   * a rotation mixes have the same one, so that a key can be scaled before it is rotated.
   */
  readonly key: readonly number[];
  /** Of all values. */
  readonly value: number;
}

/** One entry for each layer. */
export type KvScales = readonly LayerKvScales[];

/** Measures the scales of a model that is built with a cache of floats; null = it has no tokenizer to read a text with. */
export type CalibrateKv = (model: CalibratedModel) => Promise<KvScales | null>;

/** A model, and where its tokenizer lies. */
export interface CalibratedModel {
  readonly model: PreparedModel;
  /** A folder, or a file that has one inside. */
  readonly tokenizerFolder: string;
}
