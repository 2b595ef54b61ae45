import type { Lines } from './packing.js';

/**
 * A tensor of a plan that a checkpoint has as part of another one: rows or columns of a fused matrix, an expert of many.
 */
export interface TensorView {
  readonly name: string;
  readonly shape: readonly number[];
  /** The tensor that the checkpoint has, and what config.json demands of its shape. */
  readonly of: string;
  readonly ofShape: readonly number[];
  readonly lines: Lines;
  readonly along: 'rows' | 'columns';
  /** Of `columns`: the first of the matrix's rows that are columns of the view. */
  readonly first: number;
  /** One of two ways to store the tensor: without this `of`, the checkpoint must have `name`. Default: the only one. */
  readonly isFallback?: boolean;
  /** Each row is divided by its length, in f32. Default: they are as they are. */
  readonly isUnit?: boolean;
}
