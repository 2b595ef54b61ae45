import { ModelLoadError } from '../load-error.js';
import type { CheckpointTensor } from '../source/checkpoint.js';
import type { InputFiles } from '../weights/input-files.js';
import type { StoredTensor } from '../weights/packing.js';
import { readFloats, rowLength } from '../weights/stored-rows.js';
import type { ModelCopy } from './adapter-files.js';

/** A copy may have been rounded to bf16. */
const ROUNDING = 2 ** -8;
/** Numbers that are compared at once. */
const PIECE = 2 ** 20;

/**
 * What an adapter has of the model is what the model has: the table and the head, which peft saves beside adapters of
 * them. @param own that of the model; null = an adapter is not expected to have it
 * @throws ModelLoadError
 */
export function requireSame(
  { of, tensor }: ModelCopy,
  own: CheckpointTensor | null,
  files: InputFiles,
): void {
  const kind = of.endsWith('.bias') ? 'a trained bias' : 'a whole module';
  const place = `Tensor '${tensor.name}' in ${tensor.path}`;
  if (own === null) {
    throw broken(`${place} is ${kind} in the place of the model's own, which is not supported.`);
  }
  if (tensor.shape.join() !== own.shape.join()) {
    throw broken(
      `${place} has shape [${tensor.shape.join(', ')}], and that of the model [${own.shape.join(', ')}]: a table ` +
        'that was resized is not supported.',
    );
  }
  if (isSame(stored(tensor), stored(own), files)) return;
  throw broken(
    `${place} is ${kind} that differs from the model's own, which is not supported; where it was not trained, the ` +
      'adapter is of another model.',
  );
}

function isSame(copy: StoredTensor, own: StoredTensor, files: InputFiles): boolean {
  const numRows = copy.shape[0] ?? 1;
  const step = Math.max(1, Math.floor(PIECE / rowLength(copy)));
  for (let row = 0; row < numRows; row += step) {
    const end = Math.min(row + step, numRows);
    const theirs = readFloats(files, copy, row, end);
    const ours = readFloats(files, own, row, end);
    const isNear = ours.every((x, i) => Math.abs((theirs[i] ?? NaN) - x) <= ROUNDING * Math.abs(x));
    if (!isNear) return false;
  }
  return true;
}

/** A tensor whose numbers can be read. */
export function stored({
  name,
  path,
  offset,
  dtype,
  packing,
  shape,
  storedDtype,
}: CheckpointTensor): StoredTensor {
  if (dtype === 'f32' || dtype === 'f16' || dtype === 'bf16') {
    return { name, path, offset, dtype, packing, shape };
  }
  throw broken(
    `Tensor '${name}' in ${path} has dtype ${storedDtype}; it must be F32, F16 or BF16.`,
  );
}

function broken(message: string): ModelLoadError {
  return new ModelLoadError('bad_checkpoint', message);
}
