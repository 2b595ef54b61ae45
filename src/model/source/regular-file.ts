import { constants } from 'node:fs';
import { type FileHandle, open, readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';

import { ModelLoadError } from '../load-error.js';

/** A disk that does not answer for this long counts as broken. */
const DEADLINE_MS = 30_000;
/** Names of configurations, tokenizers, templates and weights. */
const READ_FILE = /\.(json|jinja|txt|model|tiktoken|safetensors)$/;
/** No config, tokenizer or index is larger. */
const TEXT_BYTES_MAX = 256 * 2 ** 20;
/** `statfs` of what the kernel makes up while it is read: proc, sysfs, debugfs, tracefs. */
const KERNEL_FILE_SYSTEMS: ReadonlySet<number> = new Set([
  0x9fa0, 0x62656572, 0x64626720, 0x74726163,
]);

/**
 * Opens a regular file for reading. Pipes, sockets, devices and files of the kernel are refused without
 * waiting for them. @throws ModelLoadError for these; the file system's own error for what cannot be opened
 */
export async function openRegular(path: string): Promise<FileHandle> {
  // Without O_NONBLOCK a pipe is opened only when somebody writes into it.
  const handle = await inTime(open(path, constants.O_RDONLY | constants.O_NONBLOCK), path);
  try {
    const facts = await inTime(handle.stat(), path);
    if (!facts.isFile() || (await isOfKernel(path))) throw notRegular(path);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** A whole small file as text. @throws as {@link openRegular}, and where it is larger than any such file */
export async function readRegularText(path: string, maxBytes = TEXT_BYTES_MAX): Promise<string> {
  const handle = await openRegular(path);
  try {
    const { size } = await handle.stat();
    if (size > maxBytes) {
      const limit = Math.floor(maxBytes / 2 ** 20);
      throw broken(`${path} has ${size} bytes; at most ${limit} MiB are allowed.`);
    }
    return await inTime(handle.readFile('utf8'), path);
  } finally {
    await handle.close();
  }
}

/** Throws ModelLoadError where something is at `path` that is not a regular file; nothing there is fine. */
export async function requireRegular(path: string): Promise<void> {
  const facts = await inTime(stat(path), path).catch((error: unknown) => {
    if (error instanceof ModelLoadError) throw error;
    return null;
  });
  if (facts === null || facts.isDirectory()) return;
  if (!facts.isFile() || (await isOfKernel(path))) throw notRegular(path);
}

/** {@link requireRegular} for what a loader may read of a folder: who reads one of them need not look again. */
export async function requireRegularFiles(folder: string): Promise<void> {
  const names = await inTime(readdir(folder), folder).catch((error: unknown) => {
    if (error instanceof ModelLoadError) throw error;
    return [];
  });
  const read = names.filter((name) => READ_FILE.test(name));
  await Promise.all(read.map((name) => requireRegular(join(folder, name))));
}

async function isOfKernel(path: string): Promise<boolean> {
  const { type } = await inTime(statfs(path), path);
  return KERNEL_FILE_SYSTEMS.has(type);
}

/** What a network disk that hangs would keep waiting for ever. */
export async function inTime<T>(act: Promise<T>, path: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(broken(`${path} could not be read within ${DEADLINE_MS / 1000} s.`));
    }, DEADLINE_MS);
  });
  try {
    return await Promise.race([act, late]);
  } finally {
    clearTimeout(timer);
  }
}

function notRegular(path: string): ModelLoadError {
  return broken(`${path} is not a regular file.`);
}

function broken(message: string): ModelLoadError {
  return new ModelLoadError('bad_checkpoint', message);
}
