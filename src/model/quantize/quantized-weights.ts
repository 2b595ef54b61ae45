import { truncate } from 'node:fs/promises';
import { join } from 'node:path';

import { ModelLoadError } from '../load-error.js';
import { weightStore } from '../weights/weight-store.js';
import type { WeightStore } from '../weights/weight-store.js';
import {
  beginCacheEntry,
  type CacheDraft,
  cacheKey,
  commitCacheEntry,
  discardCacheEntry,
  readCacheEntry,
} from './cache.js';
import type { QuantizeJob } from './job.js';
import { planQuantization, type QuantizedFormat, type RecipeInput } from './recipe.js';

/** Where quantised weights are kept and how they are made. */
export interface QuantizeDeps {
  /** Runs a job on some CPU thread; rejects with the job's error. */
  readonly runJob: (job: QuantizeJob) => Promise<void>;
  /** Entries live in folders below it. */
  readonly cacheDir: string;
  /** Parent for an entry that `cacheDir` cannot take. */
  readonly temporaryDir: string;
  readonly warn: (message: string) => void;
  /** Checkpoint bytes done so far, of how many. */
  readonly progress: (doneBytes: number, totalBytes: number) => void;
}

export interface QuantizedWeights {
  readonly store: WeightStore;
  readonly cacheHit: boolean;
  /** An entry outside the cache: whoever started the process removes it in the end. */
  readonly temporaryFolder: string | null;
}

/**
 * Takes a quantised checkpoint from the disk cache, or makes it, in parallel, and keeps it there; without
 * `isKept` it is made in a temporary folder.
 */
export async function quantizedWeights(
  input: RecipeInput & { readonly isKept: boolean },
  format: QuantizedFormat,
  deps: QuantizeDeps,
): Promise<QuantizedWeights> {
  const { headDim, numKvHeads } = input.config;
  const key = cacheKey({
    format,
    plan: input.plan,
    headDim,
    numKvHeads,
    files: input.checkpoint.files,
  });
  const cached = join(deps.cacheDir, key);
  const map = await readCacheEntry(cached);
  if (map !== null) {
    return { store: weightStore(cached, map), cacheHit: true, temporaryFolder: null };
  }
  const { draft, folder, temporary } = input.isKept
    ? await openDraft(cached, key, deps)
    : await openTemporaryDraft(key, deps);
  try {
    const planned = planQuantization(input, format, draft.weightsPath);
    await truncate(draft.weightsPath, planned.fileBytes);
    await runJobs(planned.jobs, deps);
    await commitCacheEntry(draft, folder, planned);
    return {
      store: weightStore(folder, planned.map),
      cacheHit: false,
      temporaryFolder: temporary ? folder : null,
    };
  } catch (error) {
    await discardCacheEntry(draft);
    throw diskFull(error, folder);
  }
}

interface OpenDraft {
  readonly draft: CacheDraft;
  readonly folder: string;
  readonly temporary: boolean;
}

async function openDraft(cached: string, key: string, deps: QuantizeDeps): Promise<OpenDraft> {
  try {
    return { draft: await beginCacheEntry(cached), folder: cached, temporary: false };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    deps.warn(
      `The quantization cache ${deps.cacheDir} cannot be written (${code}); ` +
        `weights are quantized anew at each start, into ${deps.temporaryDir}.`,
    );
    return openTemporaryDraft(key, deps);
  }
}

async function openTemporaryDraft(key: string, deps: QuantizeDeps): Promise<OpenDraft> {
  const folder = join(deps.temporaryDir, `radish-${process.pid}-${key}`);
  return { draft: await beginCacheEntry(folder), folder, temporary: true };
}

async function runJobs(jobs: readonly QuantizeJob[], deps: QuantizeDeps): Promise<void> {
  const total = jobs.reduce((sum, job) => sum + job.bytes, 0);
  let done = 0;
  const results = await Promise.allSettled(
    jobs.map(async (job) => {
      await deps.runJob(job);
      done += job.bytes;
      deps.progress(done, total);
    }),
  );
  // All have ended: the draft may be removed now, and no job writes into it any more.
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}

function diskFull(error: unknown, folder: string): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') return error;
  const message = `The disk is full: quantized weights could not be written to ${folder}.`;
  return new ModelLoadError('disk_full', message, { cause: error });
}
