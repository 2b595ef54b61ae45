import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { ModelLoadError } from '../load-error.js';
import { hashSegments } from '../quantize/hash-file.js';
import { readRegularText, requireRegular } from '../source/regular-file.js';
import { weightStore, type WeightStore } from '../weights/weight-store.js';
import { CONVERTED_FILE, MANIFEST_FILE, parseManifest, type Manifest } from './manifest.js';
import { isRefWithin, movedRefs } from './weight-refs.js';

/** What `radish convert` wrote, opened. */
export interface ConvertedWeights {
  /** Folder as the user named it; for messages. */
  readonly path: string;
  readonly manifest: Manifest;
  readonly store: WeightStore;
  /** Real path of the file with all of them. */
  readonly file: string;
  /** Rejects with ModelLoadError when all of it was read and is not what was written. */
  readonly proof: Promise<void>;
}

/** Reads the manifest of a folder, and begins to read the weights. @throws ModelLoadError */
export async function openConverted(path: string): Promise<ConvertedWeights> {
  const { manifest, file } = await checkConverted(path);
  const manifestPath = join(path, MANIFEST_FILE);
  const named = join(path, CONVERTED_FILE);
  // The runtime follows no link that leads out of the folder, and in a hub's cache all files are such links.
  const store = weightStore(dirname(file), mapOf(manifest, basename(file), manifestPath));
  return { path, manifest, store, file, proof: startProof(named, file, manifest) };
}

/** Reads the manifest of a folder, and looks whether the weights are there. @throws ModelLoadError */
export async function checkConverted(
  path: string,
): Promise<Pick<ConvertedWeights, 'manifest' | 'file'>> {
  const manifestPath = join(path, MANIFEST_FILE);
  const manifest = parseManifest(await readManifest(manifestPath), manifestPath);
  return { manifest, file: await requireWeights(join(path, CONVERTED_FILE), manifest) };
}

/** Begins to read the weights. Whoever leaves before they are read does not hear of it. */
function startProof(named: string, file: string, { weights }: Manifest): Promise<void> {
  const proof = hashSegments(file, 'beside a session').then((hash) => {
    if (hash !== weights.segmentsHash) throw damaged(named);
  });
  proof.catch(() => undefined);
  return proof;
}

async function readManifest(path: string): Promise<string> {
  try {
    return await readRegularText(path);
  } catch (cause) {
    if (cause instanceof ModelLoadError) throw cause;
    throw broken(`Cannot read ${path} (${codeOf(cause)}).`, cause);
  }
}

/** The size first: it costs nothing. @returns the real path */
async function requireWeights(named: string, { weights }: Manifest): Promise<string> {
  try {
    const file = await realpath(named);
    await requireRegular(file);
    const { size } = await stat(file);
    if (size !== weights.fileBytes) {
      throw broken(
        `${named} has ${size} bytes, and radish convert wrote ${weights.fileBytes}: copy it anew.`,
      );
    }
    return file;
  } catch (cause) {
    if (cause instanceof ModelLoadError) throw cause;
    throw broken(`Cannot read ${named} (${codeOf(cause)}).`, cause);
  }
}

function mapOf({ map, weights }: Manifest, file: string, path: string): Manifest['map'] {
  return movedRefs(map, (ref) => {
    if (!isRefWithin(ref, weights.fileBytes)) {
      throw broken(`${path} has a tensor that does not lie in ${CONVERTED_FILE}.`);
    }
    return { ...ref, file };
  });
}

function damaged(path: string): ModelLoadError {
  return broken(`${path} is damaged: it is not what radish convert wrote. Copy it anew.`);
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown error';
}

function broken(message: string, cause?: unknown): ModelLoadError {
  return new ModelLoadError('bad_checkpoint', message, { cause });
}
