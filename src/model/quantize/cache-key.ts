import { createHash } from 'node:crypto';

import type { ModelPlan } from '../plan.js';
import type { Checkpoint } from '../source/checkpoint.js';
import type { ModelTarget } from '../target.js';
import { hashFile } from './hash-file.js';
import { RECIPE_VERSION, type QuantizedFormat } from './recipe.js';

/** What must be the same for a cache entry to be used again. */
export interface CacheKeyFacts {
  readonly format: QuantizedFormat;
  readonly plan: ModelPlan;
  readonly headDim: number;
  readonly numKvHeads: number;
  readonly target: ModelTarget;
  readonly checkpoint: Checkpoint;
}

/**
 * Folder name of an entry: recipe, network, the content of each weight file (all of it is read) and where each
 * tensor lies there. Names and times of files do not count. @throws ModelLoadError where a file cannot be read
 */
export async function cacheKey(facts: CacheKeyFacts): Promise<string> {
  const { format, plan, headDim, numKvHeads, checkpoint, target } = facts;
  const hashes = new Map<string, string>();
  for (const { path } of checkpoint.files) hashes.set(path, await hashFile(path));
  const tensors = [...checkpoint.tensors].map(([name, { path, offset, dtype, shape }]) => [
    name,
    hashes.get(path),
    offset,
    dtype,
    shape,
  ]);
  // Entries of the CPU keep the names that they had before there was anything else.
  const forDevice = target.device === 'cpu' ? [] : [target];
  const key = JSON.stringify([
    RECIPE_VERSION,
    format,
    headDim,
    numKvHeads,
    tensors,
    plan,
    ...forDevice,
  ]);
  return `${format}-${createHash('sha256').update(key).digest('hex').slice(0, 32)}`;
}
