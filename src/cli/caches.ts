import { dirname, resolve } from 'node:path';

import { loadHostEnv } from '../config/load.js';
import { StartupError } from '../core/errors.js';
import type { WeightCopy } from '../model/quantize/cache-inventory.js';
import type { CachedRepo } from '../model/source/hub-inventory.js';
import type { Invocation } from './command.js';

/** Folders that a command about models looks into. */
export interface Caches {
  readonly hub: string;
  readonly copies: string;
}

/** By the environment and `--quantization-cache-dir`. @throws UsageError */
export function cachesOf({ options, serverArgs }: Invocation): Caches {
  const env = loadHostEnv();
  const flag = options['quantizationCacheDir'];
  const copies = typeof flag === 'string' ? flag : serverArgs().args.quantizationCacheDir;
  return { hub: resolve(env.hubCacheDir), copies: resolve(copies ?? env.cacheDir) };
}

/** @throws StartupError where the folder cannot be read */
export async function readRepos(hub: string): Promise<readonly CachedRepo[]> {
  const { listRepos } = await import('../model/source/hub-inventory.js');
  return readable(listRepos(hub), `The hub's cache ${hub}`);
}

/** @throws StartupError where the folder cannot be read */
export async function readCopies(folder: string): Promise<readonly WeightCopy[]> {
  const { listCopies } = await import('../model/quantize/cache-inventory.js');
  return readable(listCopies(folder), `The quantization cache ${folder}`);
}

/** @returns false when somebody uses it */
export async function removeCopy(copy: WeightCopy): Promise<boolean> {
  const { removeEntry } = await import('../model/quantize/cache-room.js');
  const { removeDraft } = await import('../model/quantize/drafts.js');
  return copy.isUnfinished ? removeDraft(copy) : removeEntry(copy.folder);
}

async function readable<T>(listing: Promise<T>, what: string): Promise<T> {
  return listing.catch((cause: unknown) => {
    const { code = String(cause) } = cause as NodeJS.ErrnoException;
    throw new StartupError(`${what} cannot be read (${code}).`, { cause });
  });
}

/** `org/name` of weight files in a hub's cache, else their folder. */
export function sourceName(files: readonly string[]): string {
  const folder = dirname(files[0] ?? '');
  const name = /\/models--([^/]+)\/(?:blobs|snapshots)(?:\/|$)/.exec(`${folder}/`)?.[1];
  return name?.replaceAll('--', '/') ?? folder;
}
