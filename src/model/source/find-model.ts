import { readdir, stat } from 'node:fs/promises';

import { isGgufFile } from './gguf/split.js';
import { downloadGguf, downloadModel, type DownloadDeps, type HubPart } from './hub.js';
import { hasAdapter, hasTokenizer, HubCache, isComplete } from './hub-cache.js';
import { findCachedGguf, hubGguf, type HubGguf } from './hub-gguf.js';
import { ModelLoadError } from '../load-error.js';
import { isRepoName, isRevision } from './repo-name.js';

export interface FindModelOptions {
  /** `--model-path`: a folder, a GGUF file, a repository of the hub, or a GGUF file of one. */
  readonly modelPath: string;
  readonly revision: string | null;
  /** HF_HUB_CACHE, or HF_HOME/hub, or `~/.cache/huggingface/hub`. */
  readonly hubCacheDir: string;
  /** HF_ENDPOINT */
  readonly endpoint: string;
  /** HF_TOKEN */
  readonly token: string | null;
  /** HF_HUB_OFFLINE */
  readonly offline: boolean;
  /** A repository's tokenizer alone is fetched without weights, a LoRA adapter with its own. Absent = the model. */
  readonly part?: HubPart;
}

export interface FoundModel {
  /** Or a GGUF file. */
  readonly folder: string;
  readonly from: 'folder' | 'cache' | 'hub';
}

/**
 * A model's folder: the one that was named, else a complete snapshot in Hugging Face's cache, else
 * what is downloaded into it. Throws {@link ModelLoadError}.
 */
export async function findModel(
  options: FindModelOptions,
  deps: DownloadDeps,
): Promise<FoundModel> {
  const { modelPath } = options;
  const local = await stat(modelPath).catch(() => null);
  if (local?.isDirectory() === true) return { folder: modelPath, from: 'folder' };
  if (local !== null) {
    if (isGgufFile(modelPath)) return { folder: modelPath, from: 'folder' };
    throw new ModelLoadError(
      'folder_not_found',
      `${modelPath} is a file, and neither a model folder nor a *.gguf file.`,
    );
  }
  if (hubGguf(modelPath) === null && !isRepoName(modelPath)) {
    throw new ModelLoadError('folder_not_found', `There is no model folder ${modelPath}.`);
  }
  return findOnHub(options, deps);
}

/** A repository of the hub or a GGUF file of one, whatever is here by its name. @throws ModelLoadError */
export function findOnHub(options: FindModelOptions, deps: DownloadDeps): Promise<FoundModel> {
  const gguf = hubGguf(options.modelPath);
  return gguf === null ? findRepo(options, deps) : findGguf(gguf, options, deps);
}

/** One file of a repository: the cached one, else what is downloaded. @throws ModelLoadError */
async function findGguf(
  asked: HubGguf,
  options: FindModelOptions,
  deps: DownloadDeps,
): Promise<FoundModel> {
  const { hubCacheDir, offline, token } = options;
  const revision = requireRevision(options);
  const cache = new HubCache(hubCacheDir, asked.repo);
  const snapshot = await cache.find(revision);
  const cached = snapshot === null ? null : await findCachedGguf(snapshot, asked);
  if (cached !== null) return { folder: cached, from: 'cache' };
  if (offline) throw notCached(options, cache);
  const endpoint = options.endpoint.replace(/\/+$/, '');
  const origin = { repo: asked.repo, revision, endpoint, token };
  try {
    return { folder: await downloadGguf(origin, cache, { ...deps, asked }), from: 'hub' };
  } catch (error) {
    throw unwritable(error, hubCacheDir);
  }
}

/** @throws ModelLoadError */
function requireRevision({ revision }: FindModelOptions): string {
  const wanted = revision ?? 'main';
  if (isRevision(wanted)) return wanted;
  throw new ModelLoadError('bad_option', `${JSON.stringify(wanted)} is not a revision.`);
}

/** The folder of a repository: of its complete snapshot in the cache, or what is downloaded. @throws ModelLoadError */
async function findRepo(options: FindModelOptions, deps: DownloadDeps): Promise<FoundModel> {
  const { modelPath, offline, token, part = 'model' } = options;
  const revision = requireRevision(options);
  const cache = new HubCache(options.hubCacheDir, modelPath);
  const cached = await findComplete(cache, revision, part);
  if (cached?.isSettled === true) return { folder: cached.folder, from: 'cache' };
  if (offline) {
    if (cached === null) throw notCached(options, cache);
    return unsettled(cached.folder, modelPath, deps);
  }
  const endpoint = options.endpoint.replace(/\/+$/, '');
  const origin = { repo: modelPath, revision, endpoint, token };
  try {
    return { folder: await downloadModel(origin, cache, { ...deps, part }), from: 'hub' };
  } catch (error) {
    const failure = unwritable(error, options.hubCacheDir);
    const isOffline = failure instanceof ModelLoadError && failure.code === 'offline';
    const isReadOnly = failure !== error;
    if (cached === null || !(isOffline || isReadOnly)) throw failure;
    return unsettled(cached.folder, modelPath, deps);
  }
}

async function findComplete(
  cache: HubCache,
  revision: string,
  part: HubPart,
): Promise<{ readonly folder: string; readonly isSettled: boolean } | null> {
  const folder = await cache.find(revision);
  if (folder === null) return null;
  // Nothing else of it is read.
  if (part === 'adapter') return (await hasAdapter(folder)) ? { folder, isSettled: true } : null;
  if (!(await (part === 'model' ? isComplete(folder) : hasTokenizer(await readdir(folder)))))
    return null;
  return { folder, isSettled: await cache.isSettled(folder) };
}

/** The file system's own errors about the cache as a sentence; any other as it is. */
function unwritable(error: unknown, cacheDir: string): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (error instanceof ModelLoadError || code === undefined || syscall === undefined) return error;
  const message = `The hub's cache ${cacheDir} cannot be written (${code}): set HF_HUB_CACHE to a folder that can.`;
  return new ModelLoadError(code === 'ENOSPC' ? 'disk_full' : 'download_failed', message, {
    cause: error,
  });
}

/** A copy that another program made, and that cannot be completed from the hub now. */
function unsettled(folder: string, modelPath: string, deps: DownloadDeps): FoundModel {
  deps.warn?.(
    `The cached copy of ${modelPath} may lack files that another program did not need, such as modules.json: ` +
      'start once with a network and a cache that can be written to have it completed.',
  );
  return { folder, from: 'cache' };
}

function notCached({ modelPath }: FindModelOptions, cache: HubCache): ModelLoadError {
  return new ModelLoadError(
    'offline',
    `There is no folder ${modelPath}, no complete copy in ${cache.folder}, ` +
      'and HF_HUB_OFFLINE forbids a download.',
  );
}
