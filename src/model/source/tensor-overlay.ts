import { ModelLoadError } from '../load-error.js';
import {
  shapeMismatch,
  type Checkpoint,
  type CheckpointFile,
  type CheckpointTensor,
} from './checkpoint.js';

/** Tensors that take the place of a checkpoint's own, which stays as it is on disk. */
export interface TensorOverlay {
  readonly files: readonly CheckpointFile[];
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
}

/** What a folder holds, and `overlay` over it. @throws ModelLoadError when they do not fit */
export function overlaid(base: Checkpoint, overlay: TensorOverlay | null): Checkpoint {
  if (overlay === null) return base;
  for (const name of overlay.tensors.keys()) {
    if (!base.tensors.has(name)) throw broken(`the model has no tensor '${name}'`);
  }
  const mismatch = shapeMismatch(base, overlay);
  if (mismatch !== null) throw broken(mismatch);
  return {
    folder: base.folder,
    files: [...base.files, ...overlay.files],
    tensors: new Map([...base.tensors, ...overlay.tensors]),
  };
}

/** The tensors of both, `upper`'s where both have one; files that nothing is read from any more are left out. */
export function stacked(lower: TensorOverlay | null, upper: TensorOverlay): TensorOverlay {
  const tensors = new Map([...(lower?.tensors ?? []), ...upper.tensors]);
  const paths = new Set([...tensors.values()].map(({ path }) => path));
  const files = [...(lower?.files ?? []), ...upper.files].filter(({ path }) => paths.has(path));
  return { files, tensors };
}

function broken(message: string): ModelLoadError {
  return new ModelLoadError('bad_checkpoint', message);
}
