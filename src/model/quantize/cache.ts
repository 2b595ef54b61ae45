import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { ModelPlan } from '../plan.js';
import type { CheckpointFile } from '../source/checkpoint.js';
import type { WeightMap } from '../weights/weight-store.js';
import { WEIGHTS_FILE } from './layout.js';
import { RECIPE_VERSION, type QuantizedFormat } from './recipe.js';

const INDEX_FILE = 'index.json';

/** `index.json` of a cache entry. The digest covers the other two fields. */
interface CacheIndex {
  readonly fileBytes: number;
  readonly map: WeightMap;
  readonly digest: string;
}

/** What must be the same for a cache entry to be used again. */
export interface CacheKeyFacts {
  readonly format: QuantizedFormat;
  readonly plan: ModelPlan;
  readonly headDim: number;
  readonly numKvHeads: number;
  readonly files: readonly CheckpointFile[];
}

/** Folder name of an entry: recipe, network, and each file's header, size and time of change. */
export function cacheKey(facts: CacheKeyFacts): string {
  const files = facts.files.map(({ headerHash, bytes, mtimeMs }) => [headerHash, bytes, mtimeMs]);
  const { format, plan, headDim, numKvHeads } = facts;
  const key = JSON.stringify([RECIPE_VERSION, format, headDim, numKvHeads, files, plan]);
  return `${format}-${sha256(key).slice(0, 32)}`;
}

/** The weight map of a finished entry, or null when there is none or it is damaged. */
export async function readCacheEntry(folder: string): Promise<WeightMap | null> {
  try {
    const index = JSON.parse(await readFile(join(folder, INDEX_FILE), 'utf8')) as CacheIndex;
    const { size } = await stat(join(folder, WEIGHTS_FILE));
    const sound = size === index.fileBytes && index.digest === digestOf(index.fileBytes, index.map);
    return sound ? index.map : null;
  } catch {
    return null;
  }
}

/** An entry being built, in a folder of its own beside the final one. */
export interface CacheDraft {
  readonly folder: string;
  readonly weightsPath: string;
}

/** Makes the draft's folder, so that a cache that cannot be written is found out at once. */
export async function beginCacheEntry(folder: string): Promise<CacheDraft> {
  const draft = `${folder}.${randomUUID()}.tmp`;
  await mkdir(draft, { recursive: true });
  const weightsPath = join(draft, WEIGHTS_FILE);
  await writeFile(weightsPath, '');
  return { folder: draft, weightsPath };
}

/**
 * Puts a filled draft in the place of `folder`: data and index reach the disk, then one rename. A
 * damaged entry of that name is removed first; one that another process finished meanwhile wins.
 */
export async function commitCacheEntry(
  draft: CacheDraft,
  folder: string,
  entry: { readonly map: WeightMap; readonly fileBytes: number },
): Promise<void> {
  const { map, fileBytes } = entry;
  const index: CacheIndex = { fileBytes, map, digest: digestOf(fileBytes, map) };
  await syncFile(draft.weightsPath);
  const indexPath = join(draft.folder, INDEX_FILE);
  await writeFile(indexPath, JSON.stringify(index));
  await syncFile(indexPath);
  if ((await readCacheEntry(folder)) !== null) {
    await discardCacheEntry(draft);
    return;
  }
  await rm(folder, { recursive: true, force: true });
  await rename(draft.folder, folder);
}

export async function discardCacheEntry(draft: CacheDraft): Promise<void> {
  await rm(draft.folder, { recursive: true, force: true });
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

function digestOf(fileBytes: number, map: WeightMap): string {
  return sha256(JSON.stringify([fileBytes, map]));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
