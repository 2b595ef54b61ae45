import { ModelLoadError } from '../../load-error.js';
import { partBytes, type StoredPart } from '../../weights/grouped/part.js';
import { InputFiles } from '../../weights/input-files.js';
import type { Packing } from '../../weights/packing.js';
import type { CheckpointTensor } from '../checkpoint.js';
import type { ModuleTensors, StoredModule } from './quant-method.js';

/** The tensor as plain data, for a packing. */
export function partOf({
  name,
  path,
  offset,
  byteLength,
  storedDtype,
  shape,
}: CheckpointTensor): StoredPart {
  return { name, path, offset, byteLength, storedDtype, shape };
}

/**
 * The part of a module with this ending, of one of `dtypes`. @throws ModelLoadError where it is missing, or another
 * dtype
 */
export function requirePart(
  module: StoredModule,
  ending: string,
  dtypes: readonly string[],
): StoredPart {
  const tensor = module.parts.get(ending);
  if (tensor === undefined) {
    const [beside] = module.parts.values();
    const where = beside === undefined ? '' : ` beside '${beside.name}' in ${beside.path}`;
    throw broken(`Tensor '${module.name}.${ending}' is missing${where}.`);
  }
  if (!dtypes.includes(tensor.storedDtype)) {
    throw broken(
      `Tensor '${tensor.name}' in ${tensor.path} has dtype ${tensor.storedDtype}, not ${dtypes.join(' or ')}.`,
    );
  }
  return partOf(tensor);
}

/** All bytes of a small part, read now. @throws ModelLoadError where its file ends */
export function readWhole(part: StoredPart): Uint8Array {
  const files = new InputFiles();
  try {
    return partBytes(files, part);
  } finally {
    files.close();
  }
}

/** @throws ModelLoadError unless `part` has this shape; `why` says what demands it */
export function requireShape(part: StoredPart, shape: readonly number[], why: string): void {
  if (part.shape.length === shape.length && part.shape.every((size, i) => size === shape[i])) {
    return;
  }
  throw misfit(part, shape, why);
}

/** @throws ModelLoadError unless `part` is one number, in any shape */
export function requireOne(part: StoredPart): void {
  if (part.shape.some((size) => size !== 1)) throw misfit(part, [1], 'it is one for all scales');
}

/** `part` should have this shape; `why` says what demands it. */
export function misfit(part: StoredPart, shape: readonly number[], why: string): ModelLoadError {
  return broken(
    `Tensor '${part.name}' in ${part.path} has shape [${part.shape.join(', ')}], not ` +
      `[${shape.join(', ')}]: ${why}.`,
  );
}

/** A module whose parts are one weight of `shape` `[out, in]`, and a bias where it has one. */
export function oneWeight(
  module: StoredModule,
  { codes, shape, packing }: WeightOfParts,
): ModuleTensors {
  const { path, offset, byteLength, storedDtype } = codes;
  const name = `${module.name}.weight`;
  const place = { name, path, offset, byteLength, storedDtype };
  const bias = module.parts.get('bias');
  return new Map([
    ['weight', { ...place, dtype: 'f32', packing, shape } satisfies CheckpointTensor],
    ...(bias === undefined ? [] : [['bias', bias] as const]),
  ]);
}

interface WeightOfParts {
  /** Where the largest part lies; for messages, and for how much there is to read. */
  readonly codes: StoredPart;
  readonly shape: readonly number[];
  readonly packing: Packing;
}

export function broken(message: string): ModelLoadError {
  return new ModelLoadError('bad_checkpoint', message);
}
