import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, open, rename, rm, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { locked } from '../../core/file-lock.js';
import { ModelLoadError } from '../load-error.js';

/** Tries in a row that get no further than those before, until a download is given up. */
const IDLE_TRIES_MAX = 5;
const RETRY_DELAY_MS = 500;
/** A connection without a byte for this long counts as broken. */
const STALL_TIMEOUT_MS = 30_000;

/** One file of a repository, as the hub lists it. */
export interface HubFile {
  readonly path: string;
  readonly bytes: number;
  /** What its content must hash to, hex: sha256 for LFS, git's blob sha1 for small files. */
  readonly digest: string;
}

/** One download. */
export interface BlobRequest {
  readonly file: HubFile;
  readonly url: string;
  /** Final path; {@link partOf} what is not whole yet. */
  readonly blobPath: string;
  /** Who has it is the only one that downloads this blob. */
  readonly lockPath: string;
  readonly fetch: typeof fetch;
  /** Bytes of this file on disk so far; `by`: who brings them where it is not this process. */
  readonly progress: (bytes: number, by?: string) => void;
  readonly signal?: AbortSignal | undefined;
  readonly retryDelayMs?: number;
}

/** Where a blob lies until it is whole, as huggingface_hub names it. */
export function partOf(blobPath: string): string {
  return `${blobPath}.incomplete`;
}

/**
 * Downloads one blob into place, or waits until another process has. Goes on where an earlier attempt, of this
 * process or another, broke off; checks size and hash before the file gets its name. @throws the signal's reason
 */
export async function fetchBlob(request: BlobRequest): Promise<void> {
  const { blobPath, lockPath, file, signal } = request;
  const partial = partOf(blobPath);
  const waiting = async (pid: number | null): Promise<void> => {
    const who = pid === null ? 'another machine' : `process ${pid}`;
    request.progress(await sizeOf(partial), ` (by ${who})`);
  };
  const fetchIt = async (): Promise<void> => {
    if ((await sizeOf(blobPath)) === file.bytes && (await exists(blobPath))) return;
    await fetchAll(request, partial);
    await verify(request, partial);
    await rename(partial, blobPath);
  };
  try {
    await locked(lockPath, fetchIt, { waiting, signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw explained(error, request);
  }
}

async function fetchAll(request: BlobRequest, partial: string): Promise<void> {
  const { file } = request;
  // Whatever else lies there was not left by a download.
  if (!(await isRegular(partial))) await rm(partial, { recursive: true, force: true });
  let idleTries = 0;
  let have = await sizeOf(partial);
  let furthest = have > file.bytes ? 0 : have;
  while (have !== file.bytes || (have === 0 && !(await exists(partial)))) {
    const failure = await fetchRest(request, partial, have > file.bytes ? 0 : have);
    const now = await sizeOf(partial);
    // Further than ever, not than last time: of a server that has less than it lists, each begins anew.
    idleTries = now > furthest ? 0 : idleTries + 1;
    furthest = Math.max(furthest, now);
    if (now !== file.bytes && idleTries >= IDLE_TRIES_MAX) throw givenUp(request, failure);
    request.signal?.throwIfAborted();
    if (failure !== null) {
      const { signal, retryDelayMs = RETRY_DELAY_MS } = request;
      await sleep(retryDelayMs * 2 ** idleTries, undefined, { signal });
    }
    have = now;
  }
}

/** One request for `[from, end)`. Returns what broke it off; null when the server ended it. */
async function fetchRest(
  request: BlobRequest,
  partial: string,
  from: number,
): Promise<Error | null> {
  const stall = new AbortController();
  const headers: Record<string, string> = from > 0 ? { range: `bytes=${from}-` } : {};
  const timer = setTimeout(() => {
    stall.abort();
  }, STALL_TIMEOUT_MS);
  try {
    const response = await request.fetch(request.url, { headers, signal: stall.signal });
    if (response.status !== 200 && response.status !== 206) {
      await response.body?.cancel();
      if (response.status === 416) await rm(partial, { force: true });
      return new Error(`HTTP ${response.status}`);
    }
    const start = response.status === 206 ? rangeStart(response) : 0;
    if (start !== from && start !== 0) throw new Error('The server sent another range.');
    await append(request, response, { partial, start, touch: () => timer.refresh() });
    return null;
  } catch (error) {
    if (isFatal(error)) throw error;
    return error as Error;
  } finally {
    clearTimeout(timer);
  }
}

interface Target {
  readonly partial: string;
  readonly start: number;
  readonly touch: () => void;
}

async function append(request: BlobRequest, response: Response, target: Target): Promise<void> {
  const { partial, start, touch } = target;
  const out = await open(partial, start > 0 ? 'a' : 'w');
  let have = start;
  try {
    for await (const chunk of response.body ?? []) {
      touch();
      const bytes = chunk as Uint8Array;
      have += bytes.length;
      if (have > request.file.bytes) throw oversized(request);
      await out.appendFile(bytes);
      request.progress(have);
    }
  } finally {
    await out.close();
  }
}

function rangeStart(response: Response): number {
  const range = response.headers.get('content-range') ?? '';
  return Number(/^bytes (\d+)-/.exec(range)?.[1] ?? Number.NaN);
}

async function verify({ file, url, signal }: BlobRequest, partial: string): Promise<void> {
  const sha256 = file.digest.length === 64;
  const hash = createHash(sha256 ? 'sha256' : 'sha1');
  if (!sha256) hash.update(`blob ${file.bytes}\0`);
  for await (const chunk of createReadStream(partial, { highWaterMark: 1 << 20 })) {
    signal?.throwIfAborted();
    hash.update(chunk as Uint8Array);
  }
  // A name that outlives a power failure must not have lost its bytes.
  await reachDisk(partial);
  if (hash.digest('hex') === file.digest) return;
  await rm(partial, { force: true });
  throw new ModelLoadError('download_failed', `${url} arrived damaged: its hash is wrong.`);
}

function isFatal(error: unknown): boolean {
  if (error instanceof ModelLoadError) return error.code !== 'offline';
  // The network's own lie below a TypeError: this is the file system.
  return (error as NodeJS.ErrnoException).syscall !== undefined;
}

function oversized({ file, url }: BlobRequest): ModelLoadError {
  return new ModelLoadError('download_failed', `${url} sends more than its ${file.bytes} bytes.`);
}

function givenUp({ file, url }: BlobRequest, failure: Error | null): ModelLoadError {
  if (failure instanceof ModelLoadError) return failure;
  const why = failure === null ? 'the connection ends early' : failure.message;
  return new ModelLoadError('download_failed', `Cannot download ${file.path} from ${url}: ${why}.`);
}

function explained(error: unknown, { blobPath }: BlobRequest): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') return error;
  const message = `The disk is full: ${blobPath} could not be written.`;
  return new ModelLoadError('disk_full', message, { cause: error });
}

async function reachDisk(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

async function isRegular(path: string): Promise<boolean> {
  return lstat(path).then(
    (facts) => facts.isFile(),
    () => true,
  );
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
