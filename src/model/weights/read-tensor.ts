import { ModelLoadError } from '../load-error.js';
import { findWeight } from './find-weight.js';
import { InputFiles } from './input-files.js';
import { readFloats } from './stored-rows.js';
import type { Checkpoint } from '../source/checkpoint.js';

/** Numbers in lists as deep as the tensor has dimensions. */
export type NestedNumbers = number | readonly NestedNumbers[];

/** More would stop the event loop for long, and fill its heap. */
export const MAX_VALUES = 2 ** 22;

/**
 * The first `maxRows` rows of a checkpoint tensor as stored, in f32; fewer where these are more than {@link MAX_VALUES}.
 * @returns null when there is no such tensor, none of floats, or its file is gone
 */
export function readTensor(
  checkpoint: Checkpoint,
  name: string,
  maxRows: number,
): NestedNumbers | null {
  const files = new InputFiles();
  try {
    const shape = checkpoint.tensors.get(name)?.shape;
    if (shape === undefined || shape.length === 0) return null;
    const tensor = findWeight(checkpoint, name, shape);
    const width = shape.slice(1).reduce((product, size) => product * size, 1);
    const numRows = Math.min(maxRows, shape[0] ?? 0, Math.floor(MAX_VALUES / Math.max(1, width)));
    const values = readFloats(files, tensor, 0, numRows);
    return nest(values, [numRows, ...shape.slice(1)]);
  } catch (error) {
    // The files may have gone since they were loaded.
    if (error instanceof ModelLoadError || isFileError(error)) return null;
    throw error;
  } finally {
    files.close();
  }
}

function isFileError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

function nest(values: Float32Array, shape: readonly number[]): NestedNumbers {
  const [size = 0, ...rest] = shape;
  if (rest.length === 0) return [...values];
  const width = values.length / Math.max(1, size);
  return Array.from({ length: size }, (_, i) =>
    nest(values.subarray(i * width, (i + 1) * width), rest),
  );
}
