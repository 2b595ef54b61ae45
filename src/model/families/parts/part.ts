import type { TensorView } from '../../weights/tensor-view.js';

/** A part of a network, and its tensors that the checkpoint has as parts of others. */
export interface Part<T> {
  readonly plan: T;
  readonly views: readonly TensorView[];
}
