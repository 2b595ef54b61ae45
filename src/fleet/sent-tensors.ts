import { writeFile } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { ModelLoadError } from '../model/load-error.js';
import { openCheckpoint } from '../model/source/safetensors.js';
import type { TensorOverlay } from '../model/source/tensor-overlay.js';
import type { TemporaryFolders } from './temporary-folders.js';

/** Pickle's protocol mark, and the zip archive that torch.save makes. */
const PICKLES = [Buffer.from([0x80]), Buffer.from('PK')];
/** Where the JSON of a safetensors file begins: behind its length, which may look like anything. */
const HEADER_AT = 8;
const BRACE = 0x7b;
const PICKLE =
  'is pickled, which can run code when opened; Radish takes the bytes of safetensors files only';

/**
 * Tensors that a client sent, each part the bytes of a safetensors file: they go to a temporary folder and are
 * checked like a checkpoint's. @throws ModelLoadError
 */
export async function storeTensors(
  parts: readonly Uint8Array[],
  temporary: TemporaryFolders,
): Promise<TensorOverlay> {
  const folder = await temporary.make('tensors');
  try {
    for (const [index, part] of parts.entries()) {
      requireSafetensors(part, nameOf(index));
      await writeFile(join(folder, `${nameOf(index)}.safetensors`), part);
    }
    return await openCheckpoint(folder);
  } catch (error) {
    await temporary.remove(folder);
    if (!(error instanceof ModelLoadError)) throw error;
    // The folder is ours: nobody who sent tensors has heard of it.
    const message = error.message.replaceAll(folder + sep, '').replaceAll('.safetensors', '');
    throw new ModelLoadError(error.code, message, { cause: error });
  }
}

/** Removes the folders of `old` that `next` reads nothing from. */
export async function forgetTensors(
  old: TensorOverlay | null,
  next: TensorOverlay | null,
  temporary: TemporaryFolders,
): Promise<void> {
  const folders = new Set(old?.files.map(({ path }) => dirname(path)));
  for (const { path } of next?.files ?? []) folders.delete(dirname(path));
  for (const folder of folders) await temporary.remove(folder);
}

/** @throws ModelLoadError for a pickle, which is SGLang's own way */
export function requireSafetensors(part: Uint8Array, name: string): void {
  if (isPickle(part)) throw new ModelLoadError('unsafe_format', `${name} ${PICKLE}`);
}

function isPickle(part: Uint8Array): boolean {
  if (part[HEADER_AT] === BRACE) return false;
  return PICKLES.some((mark) => mark.equals(part.subarray(0, mark.length)));
}

/** The field that part `index` came in. */
function nameOf(index: number): string {
  return `serialized_named_tensors-${index}`;
}
