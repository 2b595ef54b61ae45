import { stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';

import { freeBytes } from '../../core/free-bytes.js';
import { shownBytes } from '../../core/shown-size.js';
import { ModelLoadError } from '../load-error.js';
import type { Checkpoint } from '../source/checkpoint.js';
import { weightStore } from '../weights/weight-store.js';
import type { WeightStore } from '../weights/weight-store.js';
import {
  beginCacheEntry,
  beginTemporaryEntry,
  type CacheDraft,
  commitCacheEntry,
  discardCacheEntry,
  openCacheEntry,
} from './cache.js';
import { noteSource } from './cache-sources.js';
import { makeRoom, useEntry, type WeightCache } from './cache-room.js';
import { hashFiles, type HashedFile } from './hashed-files.js';
import { roundLayers, type Calibration, type RoundLayer } from './compensate/round-layers.js';
import type { QuantizeJob } from './job.js';
import { journaled } from './journal.js';
import { knownHashes, noteHashes } from './known-hashes.js';
import type { ProductSums } from './product-sums.js';
import type { QuantizePlan } from './recipe.js';
import { runJobs } from './run-jobs.js';

/** Where quantised weights are kept and how they are made. */
export interface QuantizeDeps extends WeightCache {
  /** Runs a job on some CPU thread; rejects with the job's error. */
  readonly runJob: (job: QuantizeJob) => Promise<void>;
  /** Parent for an entry that `cacheDir` cannot take. */
  readonly temporaryDir: string;
  /** Whoever loads weights of the cache waits for their proof; absent = they are proven before that. */
  readonly provesLate?: boolean;
  readonly warn: (message: string) => void;
  readonly info?: (message: string) => void;
  /** Checkpoint bytes done so far, of how many. */
  readonly progress: (doneBytes: number, totalBytes: number) => void;
  /** Of the kernel that will multiply by these weights; absent = any machine's may. */
  readonly productSums?: () => Promise<ProductSums>;
  /** Rounds a layer on some CPU thread; rejects with its error. Absent = every weight is rounded to nearest. */
  readonly roundLayer?: RoundLayer;
}

export interface QuantizedWeights {
  readonly store: WeightStore;
  readonly cacheHit: boolean;
  /** An entry outside the cache: whoever started the process removes it in the end. */
  readonly temporaryFolder: string | null;
  /**
   * Rejects where they are not what was written: nothing that was computed with them may leave before it is settled.
   * With {@link UnsoundWeights} where they can be made anew, with a ModelLoadError where they cannot.
   */
  readonly proof: Promise<void>;
}

/** Of weights that were read, or made, before they were handed on. */
export const PROVEN: Promise<void> = Promise.resolve();

/** An entry of the cache that is damaged, which was found while it was loaded. */
export class UnsoundWeights extends Error {}

/** Weights that are made of a checkpoint by jobs. */
export interface WeightMaking {
  /** The files that they are made of; empty where they are not kept. */
  readonly sources: readonly HashedFile[];
  /** Name of the entry in the cache; null = they are not kept, but made in a temporary folder. */
  readonly key: string | null;
  /** What is to fill the file `target`. */
  readonly plan: (target: string) => QuantizePlan;
  /** What the layers of a plan are rounded on; absent where it has none. */
  readonly calibration?: Calibration;
}

/** Takes weights from the disk cache, or makes them, in parallel, and keeps them there. */
export async function keptWeights(
  making: WeightMaking,
  deps: QuantizeDeps,
): Promise<QuantizedWeights> {
  const { sources, key } = making;
  if (key === null) return makeWeights(making, await temporaryDraft(deps), deps);
  const cached = join(deps.cacheDir, key);
  const entry = await openCacheEntry(cached);
  const isLate = deps.provesLate === true;
  const proof =
    entry.state === 'open'
      ? startProof(cached, entry.prove(isLate ? 'beside a session' : 'alone'))
      : PROVEN;
  const isSound = entry.state === 'open' && (isLate || (await holds(proof)));
  if (isSound && (await useEntry(cached))) {
    await noteSources(cached, sources);
    await makeRoom(deps);
    const store = weightStore(cached, entry.map);
    return { store, cacheHit: true, temporaryFolder: null, proof };
  }
  if (entry.state === 'damaged' || (entry.state === 'open' && !isSound)) {
    deps.warn(`${cached} is damaged: the weights are quantized anew.`);
  }
  const draft =
    entry.state === 'foreign'
      ? await besideForeignEntry(cached, deps)
      : await openDraft(cached, deps);
  return makeWeights(making, draft, deps);
}

/** Whoever leaves before an entry is read does not hear of it. */
function startProof(cached: string, reading: Promise<boolean>): Promise<void> {
  const proof = reading.then((isSound) => {
    if (!isSound) throw new UnsoundWeights(`${cached} is damaged`);
  });
  proof.catch(() => undefined);
  return proof;
}

function holds(proof: Promise<void>): Promise<boolean> {
  return proof.then(
    () => true,
    () => false,
  );
}

/** The checkpoint's files with their hashes. Those that an entry was made of, and that nobody changed, are not read. */
export async function hashSources(
  { files }: Checkpoint,
  { cacheDir }: QuantizeDeps,
): Promise<readonly HashedFile[]> {
  const paths = files.map(({ path }) => path);
  return hashFiles(paths, await knownHashes(cacheDir));
}

async function noteSources(entry: string, files: readonly HashedFile[]): Promise<void> {
  await noteSource(entry, pathsOf(files));
  await noteHashes(entry, files);
}

function pathsOf(files: readonly HashedFile[]): readonly string[] {
  return files.map(({ path }) => path);
}

/** Fills a draft, and puts it into the cache if it is for there. */
async function makeWeights(
  making: WeightMaking,
  opened: OpenDraft,
  deps: QuantizeDeps,
): Promise<QuantizedWeights> {
  const { sources, plan, calibration } = making;
  const { draft, cached } = await withRoom(making, opened, deps).catch(async (error: unknown) => {
    await discardCacheEntry(opened.draft);
    throw error;
  });
  const folder = cached ?? draft.folder;
  try {
    if (cached !== null) await noteSource(draft.folder, pathsOf(sources));
    const planned = plan(draft.weightsPath);
    await truncate(draft.weightsPath, planned.fileBytes);
    const total = totalBytes(planned);
    let done = 0;
    const meter = (bytes: number): void => {
      done += bytes;
      deps.progress(done, total);
    };
    await runJobs(await remainingJobs(planned.jobs, draft, deps), deps, meter);
    const { roundLayer } = deps;
    if (planned.layers.length > 0) {
      if (calibration === undefined || roundLayer === undefined) {
        throw new Error('This is a bug: layers are to be rounded, on nothing or by nobody.');
      }
      const filled = { ...draft, map: planned.map, calibration };
      await roundLayers(planned.layers, filled, { ...deps, roundLayer }, meter);
    }
    if (cached !== null) {
      await commitCacheEntry(draft, cached, planned);
      await useEntry(cached);
      await noteSources(cached, sources);
      await makeRoom(deps);
    }
    return {
      store: weightStore(folder, planned.map),
      cacheHit: false,
      temporaryFolder: cached === null ? folder : null,
      proof: PROVEN,
    };
  } catch (error) {
    // Whoever was told to end may go on with it.
    const isLeft = draft.journalPath !== null && (error as Error).name === 'AbortError';
    if (!isLeft) await discardCacheEntry(draft);
    throw diskFull(error, folder);
  }
}

/** All of the jobs; those that ended in an earlier process look only whether what they wrote is there. */
async function remainingJobs(
  jobs: readonly QuantizeJob[],
  { journalPath }: CacheDraft,
  { info }: QuantizeDeps,
): Promise<readonly QuantizeJob[]> {
  if (journalPath === null) return jobs;
  const { jobs: noted, numKnown, knownBytes } = await journaled(jobs, journalPath);
  if (numKnown > 0) {
    const all = jobs.reduce((sum, { bytes }) => sum + bytes, 0);
    const percent = Math.floor((100 * knownBytes) / Math.max(1, all));
    info?.(
      `Quantizing goes on where a start was ended: ${numKnown} of ${jobs.length} parts (${percent} %) are there already.`,
    );
  }
  return noted;
}

interface OpenDraft {
  readonly draft: CacheDraft;
  /** Folder of the cache that it is for; null = it stays where it is. */
  readonly cached: string | null;
}

async function openDraft(cached: string, deps: QuantizeDeps): Promise<OpenDraft> {
  try {
    return { draft: await beginCacheEntry(cached), cached };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    deps.warn(
      `The quantization cache ${deps.cacheDir} cannot be written (${code}); ` +
        `weights are quantized anew at each start, into ${deps.temporaryDir}.`,
    );
    return temporaryDraft(deps);
  }
}

/**
 * A draft whose disk has room for all of the weights: found out before the first of them is made.
 * @throws ModelLoadError where there is none
 */
async function withRoom(
  making: WeightMaking,
  opened: OpenDraft,
  deps: QuantizeDeps,
): Promise<OpenDraft> {
  const { draft, cached } = opened;
  const { blocks } = await stat(draft.weightsPath);
  const bytes = making.plan(draft.weightsPath).fileBytes;
  const missing = bytes - 512 * blocks;
  if (cached !== null) await makeRoom(deps, missing);
  const free = await freeBytes(draft.folder);
  if (missing <= free) return opened;
  if (cached === null) {
    throw new ModelLoadError(
      'disk_full',
      `The disk is full: quantized weights take ${shownBytes(bytes)}, and ${deps.temporaryDir} has ` +
        `${shownBytes(free)} left. --quantization-cache-dir names a folder on another one.`,
    );
  }
  deps.warn(
    `The quantization cache ${deps.cacheDir} has ${shownBytes(free)} left, and the weights take ` +
      `${shownBytes(bytes)}; they are quantized anew at each start, into ${deps.temporaryDir}.`,
  );
  await discardCacheEntry(draft);
  return withRoom(making, await temporaryDraft(deps), deps);
}

async function besideForeignEntry(cached: string, deps: QuantizeDeps): Promise<OpenDraft> {
  deps.warn(
    `${cached} can be written by another user and is not used; ` +
      `weights are quantized anew at each start, into ${deps.temporaryDir}.`,
  );
  return temporaryDraft(deps);
}

async function temporaryDraft({ temporaryDir }: QuantizeDeps): Promise<OpenDraft> {
  try {
    return { draft: await beginTemporaryEntry(temporaryDir), cached: null };
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    const message =
      `The temporary folder ${temporaryDir} cannot be written (${code}): quantized weights need it ` +
      'or a --quantization-cache-dir.';
    throw new ModelLoadError(code === 'ENOSPC' ? 'disk_full' : 'bad_option', message, { cause });
  }
}

function totalBytes({ jobs, layers }: QuantizePlan): number {
  const all = [...jobs, ...layers.flatMap((layer) => layer.jobs)];
  return all.reduce((sum, job) => sum + job.bytes, 0);
}

function diskFull(error: unknown, folder: string): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') return error;
  const message = `The disk is full: quantized weights could not be written to ${folder}.`;
  return new ModelLoadError('disk_full', message, { cause: error });
}
