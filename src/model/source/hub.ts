import { stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';

import { HubApiError, listFiles, modelInfo } from '@huggingface/hub';

import { makeFolders } from '../../core/make-folders.js';
import { fetchBlob, partOf, type HubFile } from './hub-blob.js';
import { ADAPTER_FILE, readModules, type HubCache } from './hub-cache.js';
import { chooseGguf, noGguf, type HubGguf } from './hub-gguf.js';
import { sweepRepo } from './hub-leftovers.js';
import { hubFetch, type HubRepo } from './hub-request.js';
import { ModelLoadError } from '../load-error.js';
import { moduleFolders } from './module-path.js';
import { smallFiles, TEMPLATES_FOLDER, weightFiles } from './repo-files.js';
import { INDEX_FILE, readIndex } from './safetensors.js';

/** Each part is a plain name: what a listing says is a path below the snapshot. */
const PATH = /^\w[\w.-]*(\/\w[\w.-]*)*$/;
const DIGEST = /^([0-9a-f]{40}|[0-9a-f]{64})$/;
const COMMIT = /^[0-9a-f]{40}$/;

export interface DownloadProgress {
  readonly file: string;
  /** Over all files that had to be downloaded. */
  readonly doneBytes: number;
  readonly totalBytes: number;
}

export interface DownloadDeps {
  readonly progress: (progress: DownloadProgress) => void;
  readonly warn?: (message: string) => void;
  /** Whoever waits has left: the download rejects with its reason, and what came stays for the next one. */
  readonly signal?: AbortSignal | undefined;
  /** Wait after a broken connection; doubles each time. For tests. */
  readonly retryDelayMs?: number;
}

/**
 * What is wanted of a repository: all of it that a loader may read, or the tokenizer and chat templates, or these with a
 * LoRA adapter.
 */
export type HubPart = 'model' | 'tokenizer' | 'adapter';

/**
 * Downloads whatever the loader may read of a repository into the cache, folders too, and notes what there is
 * not; returns the snapshot folder, which loads as the repository would.
 */
export async function downloadModel(
  origin: HubRepo,
  cache: HubCache,
  deps: DownloadDeps & { readonly part: HubPart },
): Promise<string> {
  const request = hubFetch(origin, deps.signal);
  const { commit, files } = await listRepo(origin, request, deps);
  await sweepRepo(cache, new Set(files.map(({ digest }) => digest)));
  const snapshot = cache.snapshot(commit);
  const blobs = new Blobs({ origin, commit, cache, snapshot, request, deps });
  const small = smallFiles(files, ['', TEMPLATES_FOLDER]);
  if (deps.part === 'model') {
    await blobs.download(small);
    await downloadNetwork({ origin, files, snapshot, blobs });
  } else {
    await blobs.download(small.filter(({ path }) => path !== INDEX_FILE));
    if (deps.part === 'adapter') await blobs.download([adapterFile(origin, files)]);
  }
  await cache.noteAbsent(commit);
  await cache.writeRef(origin.revision, commit);
  return snapshot;
}

/**
 * Downloads a GGUF file of a repository, with all files that it is split into, and nothing else; returns the path of the
 * first one.
 */
export async function downloadGguf(
  origin: HubRepo,
  cache: HubCache,
  deps: DownloadDeps & { readonly asked: HubGguf },
): Promise<string> {
  const request = hubFetch(origin, deps.signal);
  const { commit, files } = await listRepo(origin, request, deps);
  const paths = files.map(({ path }) => path);
  const chosen = chooseGguf(paths, deps.asked);
  const [first] = chosen;
  if (first === undefined) throw noGguf(paths, deps.asked);
  const snapshot = cache.snapshot(commit);
  const blobs = new Blobs({ origin, commit, cache, snapshot, request, deps });
  await blobs.download(files.filter(({ path }) => chosen.includes(path)));
  await cache.writeRef(origin.revision, commit);
  return join(snapshot, first);
}

interface Network {
  readonly origin: HubRepo;
  readonly files: readonly HubFile[];
  readonly snapshot: string;
  readonly blobs: Blobs;
}

/** The folders that modules.json names, and the weights. */
async function downloadNetwork({ origin, files, snapshot, blobs }: Network): Promise<void> {
  const { trunk, parts } = moduleFolders(await readModules(snapshot));
  await blobs.download(smallFiles(files, [trunk, ...parts]));
  const weightsOf = (folder: string) =>
    weightFiles(
      files,
      folder,
      async () => new Set((await readIndex(join(snapshot, folder))).values()),
    );
  const network = await weightsOf(trunk);
  if (network.length === 0) throw noWeights(origin, trunk);
  const rest = await Promise.all(parts.filter((part) => part !== trunk).map(weightsOf));
  await blobs.download([...network, ...rest.flat()]);
}

/** @throws ModelLoadError */
function adapterFile({ repo, endpoint }: HubRepo, files: readonly HubFile[]): HubFile {
  const found = files.find(({ path }) => path === ADAPTER_FILE);
  if (found !== undefined) return found;
  throw new ModelLoadError(
    'unsafe_format',
    `${endpoint}/${repo} is no LoRA adapter that Radish reads: it has no ${ADAPTER_FILE}.`,
  );
}

function noWeights({ repo, endpoint }: HubRepo, folder: string): ModelLoadError {
  const where = folder === '' ? `${endpoint}/${repo}` : `${folder} of ${endpoint}/${repo}`;
  return new ModelLoadError(
    'unsafe_format',
    `${where} has no *.safetensors file; Radish reads no other weights.`,
  );
}

/** The commit of a revision, and all of its files. */
async function listRepo(
  origin: HubRepo,
  request: typeof fetch,
  deps: DownloadDeps,
): Promise<{ commit: string; files: HubFile[] }> {
  const { repo, revision, endpoint } = origin;
  const hub = { hubUrl: endpoint, fetch: request };
  try {
    const info = await modelInfo({ ...hub, name: repo, revision, additionalFields: ['sha'] });
    const commit = info.sha;
    if (!COMMIT.test(commit)) throw new Error(`${JSON.stringify(commit)} is not a commit`);
    const files: HubFile[] = [];
    for await (const entry of listFiles({ ...hub, repo, revision: commit, recursive: true })) {
      const digest = entry.lfs?.oid ?? entry.oid ?? '';
      if (entry.type !== 'file' || !DIGEST.test(digest) || !PATH.test(entry.path)) continue;
      files.push({ path: entry.path, bytes: entry.lfs?.size ?? entry.size, digest });
    }
    return { commit, files };
  } catch (error) {
    if (error instanceof ModelLoadError || deps.signal?.aborted === true) throw error;
    const why = error instanceof HubApiError ? `HTTP ${error.statusCode}` : String(error);
    throw new ModelLoadError('download_failed', `Cannot list ${endpoint}/${repo}: ${why}.`, {
      cause: error,
    });
  }
}

interface BlobsContext {
  readonly origin: HubRepo;
  readonly commit: string;
  readonly cache: HubCache;
  readonly snapshot: string;
  readonly request: typeof fetch;
  readonly deps: DownloadDeps;
}

/** Downloads files one after another: one connection already fills a home's line. */
class Blobs {
  readonly #context: BlobsContext;

  constructor(context: BlobsContext) {
    this.#context = context;
  }

  async download(files: readonly HubFile[]): Promise<void> {
    const { cache, snapshot } = this.#context;
    const missing = await this.#missing(files);
    const totalBytes = missing.reduce((total, file) => total + file.bytes, 0);
    await makeFolders(join(cache.folder, 'blobs'));
    await requireSpace(cache.folder, totalBytes - (await this.#begun(missing)));
    let before = 0;
    for (const file of missing) {
      await this.#fetch(file, { before, totalBytes });
      before += file.bytes;
    }
    for (const { digest, path } of files) await cache.link(digest, snapshot, path);
  }

  /** Bytes that earlier downloads have brought. */
  async #begun(files: readonly HubFile[]): Promise<number> {
    let bytes = 0;
    for (const { digest } of files) {
      const part = await stat(partOf(this.#context.cache.blob(digest))).catch(() => null);
      bytes += part?.size ?? 0;
    }
    return bytes;
  }

  async #missing(files: readonly HubFile[]): Promise<HubFile[]> {
    const missing: HubFile[] = [];
    for (const file of files) {
      const found = await stat(this.#context.cache.blob(file.digest)).catch(() => null);
      if (found?.size !== file.bytes) missing.push(file);
    }
    return missing;
  }

  async #fetch(file: HubFile, sum: { before: number; totalBytes: number }): Promise<void> {
    const { origin, commit, cache, request, deps } = this.#context;
    const path = file.path.split('/').map(encodeURIComponent).join('/');
    await fetchBlob({
      file,
      url: `${origin.endpoint}/${origin.repo}/resolve/${commit}/${path}`,
      blobPath: cache.blob(file.digest),
      lockPath: cache.lock(file.digest),
      fetch: request,
      progress: (bytes, by = '') => {
        const { totalBytes } = sum;
        deps.progress({ file: file.path + by, doneBytes: sum.before + bytes, totalBytes });
      },
      signal: deps.signal,
      ...(deps.retryDelayMs === undefined ? {} : { retryDelayMs: deps.retryDelayMs }),
    });
  }
}

/** Before the first byte, because a disk that fills up takes other programs down as well. */
async function requireSpace(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bytes <= bavail * bsize) return;
  const gib = (n: number): string => (n / 2 ** 30).toFixed(1);
  throw new ModelLoadError(
    'disk_full',
    `The disk is full: ${gib(bytes)} GiB do not fit into ${folder} (${gib(bavail * bsize)} GiB free).`,
  );
}
