import type { Checkpoint, CheckpointTensor } from '../source/checkpoint.js';
import { elements } from '../elements.js';
import { findWeight, type WeightTensor } from './find-weight.js';
import type { StoredTensor } from './packing.js';
import type { TensorView } from './tensor-view.js';
import { isRange } from './view.js';
import { DTYPE_BYTES } from './weight-store.js';

/** The checkpoint with its views, where they are not there by their own names. @throws ModelLoadError */
export function withViews(checkpoint: Checkpoint, views: readonly TensorView[]): Checkpoint {
  const tensors = new Map(checkpoint.tensors);
  for (const view of views) {
    if (view.isFallback === true && !checkpoint.tensors.has(view.of)) continue;
    if (!tensors.has(view.name)) tensors.set(view.name, viewed(checkpoint, view));
  }
  return { ...checkpoint, tensors };
}

function viewed(checkpoint: Checkpoint, view: TensorView): CheckpointTensor {
  const of = findWeight(checkpoint, view.of, view.ofShape);
  const { name, shape, lines, along, first, isUnit = false } = view;
  if (isRange(view) && of.packing === null) return rangeOf(of, view);
  const matrix = asMatrix(of, shape.length < 2);
  const packing = { kind: 'view', of: matrix, lines, along, first } as const;
  if (!isUnit) return { ...of, name, shape, packing };
  return { ...of, name, shape, dtype: 'f32', packing: { ...packing, isUnit } };
}

/** Rows that lie behind each other are bytes of the file. */
function rangeOf(of: WeightTensor, { name, shape, lines }: TensorView): CheckpointTensor {
  const bytes = DTYPE_BYTES[of.dtype];
  const rowBytes = elements(shape.slice(1)) * bytes;
  return {
    ...of,
    name,
    shape,
    offset: of.offset + lines.begin * rowBytes,
    byteLength: elements(shape) * bytes,
  };
}

/** Its rows are those of its last dimension; a vector's are its numbers, and those that a vector is made of. */
function asMatrix(
  { name, path, offset, dtype, packing, shape }: WeightTensor,
  ofNumbers: boolean,
): StoredTensor {
  const width = ofNumbers ? 1 : (shape.at(-1) ?? 1);
  return { name, path, offset, dtype, packing, shape: [elements(shape) / width, width] };
}
