import { mkdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';

import { HubApiError, listFiles, modelInfo } from '@huggingface/hub';

import { fetchBlob, type HubFile } from './hub-blob.js';
import type { HubCache } from './hub-cache.js';
import { hubFetch, type HubRepo } from './hub-request.js';
import { ModelLoadError } from '../load-error.js';
import { INDEX_FILE, readIndex } from './safetensors.js';

/** Everything but weights that a model needs. */
const SMALL_FILE =
  /^(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab)\.json$|^chat_template[\w.-]*$|^merges\.txt$|^tokenizer\.model$/;
const WEIGHT_FILE = /^[\w][\w.-]*\.safetensors$/;
const SINGLE_FILE = 'model.safetensors';
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
  /** Wait after a broken connection; doubles each time. For tests. */
  readonly retryDelayMs?: number;
}

/** Downloads what a model needs of a repository into the cache; returns the snapshot folder. */
export async function downloadModel(
  origin: HubRepo,
  cache: HubCache,
  deps: DownloadDeps,
): Promise<string> {
  const request = hubFetch(origin);
  const { commit, files } = await listRepo(origin, request);
  const snapshot = cache.snapshot(commit);
  const blobs = new Blobs({ origin, commit, cache, snapshot, request, deps });
  await blobs.download(files.filter(({ path }) => SMALL_FILE.test(path) || path === INDEX_FILE));
  await blobs.download(await weightFiles(files, snapshot, origin));
  await cache.writeRef(origin.revision, commit);
  return snapshot;
}

/** The commit of a revision, and its top-level files. */
async function listRepo(
  origin: HubRepo,
  request: typeof fetch,
): Promise<{ commit: string; files: HubFile[] }> {
  const { repo, revision, endpoint } = origin;
  const hub = { hubUrl: endpoint, fetch: request };
  try {
    const info = await modelInfo({ ...hub, name: repo, revision, additionalFields: ['sha'] });
    const commit = info.sha;
    if (!COMMIT.test(commit)) throw new Error(`${JSON.stringify(commit)} is not a commit`);
    const files: HubFile[] = [];
    for await (const entry of listFiles({ ...hub, repo, revision: commit })) {
      const digest = entry.lfs?.oid ?? entry.oid ?? '';
      if (entry.type !== 'file' || !DIGEST.test(digest)) continue;
      files.push({ path: entry.path, bytes: entry.lfs?.size ?? entry.size, digest });
    }
    return { commit, files };
  } catch (error) {
    if (error instanceof ModelLoadError) throw error;
    const why = error instanceof HubApiError ? `HTTP ${error.statusCode}` : String(error);
    throw new ModelLoadError('download_failed', `Cannot list ${endpoint}/${repo}: ${why}.`, {
      cause: error,
    });
  }
}

/** The shards of the index, or `model.safetensors`, or every safetensors file. */
async function weightFiles(
  files: readonly HubFile[],
  snapshot: string,
  { repo, endpoint }: HubRepo,
): Promise<HubFile[]> {
  const weights = files.filter(({ path }) => WEIGHT_FILE.test(path));
  if (weights.length === 0) {
    throw new ModelLoadError(
      'unsafe_format',
      `${endpoint}/${repo} has no *.safetensors file; Radish reads no other weights.`,
    );
  }
  if (files.some(({ path }) => path === INDEX_FILE)) {
    const shards = new Set((await readIndex(snapshot)).values());
    return weights.filter(({ path }) => shards.has(path));
  }
  const single = weights.filter(({ path }) => path === SINGLE_FILE);
  return single.length > 0 ? single : weights;
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
    await mkdir(join(cache.folder, 'blobs'), { recursive: true });
    await requireSpace(cache.folder, totalBytes);
    let before = 0;
    for (const file of missing) {
      await this.#fetch(file, { before, totalBytes });
      before += file.bytes;
    }
    for (const { digest, path } of files) await cache.link(digest, snapshot, path);
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
    const path = encodeURIComponent(file.path);
    await fetchBlob({
      file,
      url: `${origin.endpoint}/${origin.repo}/resolve/${commit}/${path}`,
      blobPath: cache.blob(file.digest),
      fetch: request,
      progress: (bytes) => {
        const { totalBytes } = sum;
        deps.progress({ file: file.path, doneBytes: sum.before + bytes, totalBytes });
      },
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
