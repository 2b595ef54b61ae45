import type { Packing } from '../weights/packing.js';
import type { TensorDtype } from '../weights/weight-store.js';

/** The headers of a model's weight files, every offset checked against its file. No weights are read. */
export interface Checkpoint {
  /** Folder of the files as the user named it; for messages. */
  readonly folder: string;
  readonly files: readonly CheckpointFile[];
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
}

export interface CheckpointFile {
  readonly path: string;
  readonly bytes: number;
}

/** One tensor of a checkpoint: its bytes are `[offset, offset + byteLength)` of the file at `path`. */
export interface CheckpointTensor {
  readonly name: string;
  /** A real, absolute path, so no symbolic link is left to follow. */
  readonly path: string;
  /** Absolute in the file: header included. */
  readonly offset: number;
  readonly byteLength: number;
  /** The file format's name, e.g. `BF16`. */
  readonly storedDtype: string;
  /**
   * Of its numbers once they are unpacked. Null when Radish has no use for the stored dtype; an error only if the model
   * needs the tensor.
   */
  readonly dtype: TensorDtype | null;
  /** Null = its bytes are its numbers. */
  readonly packing: Packing | null;
  readonly shape: readonly number[];
}

type Tensors = Pick<Checkpoint, 'tensors'>;

/**
 * Whether the tensors that both checkpoints have can take each other's place. PyTorch's sentence for the
 * first that cannot, the embedding table before the others; null when all can.
 */
export function shapeMismatch(running: Tensors, next: Tensors): string | null {
  const names = [...running.tensors.keys()].sort(
    (a, b) => Number(b.includes('embed')) - Number(a.includes('embed')),
  );
  for (const name of names) {
    const a = running.tensors.get(name)?.shape ?? [];
    const b = next.tensors.get(name)?.shape ?? a;
    if (a.length !== b.length) {
      return `${name} has ${String(b.length)} dimensions, and the running model ${String(a.length)}`;
    }
    const at = a.findLastIndex((size, i) => size !== b[i]);
    if (at >= 0) {
      return (
        `The size of tensor a (${String(a[at])}) must match the size of tensor b ` +
        `(${String(b[at])}) at non-singleton dimension ${at}`
      );
    }
  }
  return null;
}
