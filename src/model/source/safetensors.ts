import { type FileHandle, readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';

import { ModelLoadError } from '../load-error.js';
import type { Checkpoint, CheckpointFile, CheckpointTensor } from './checkpoint.js';
import { openRegular, readRegularText } from './regular-file.js';
import { headerLength, parseHeader } from './safetensors-header.js';

/** Says which file of a sharded checkpoint holds which tensor. */
export const INDEX_FILE = 'model.safetensors.index.json';
const SINGLE_FILE = 'model.safetensors';
const INDEX_BYTES_MAX = 64 * 1024 * 1024;
const PICKLE = /\.(bin|pt|pth|ckpt|pkl|pickle)$/i;

/**
 * Reads the safetensors headers of a folder: the shards of the index if there is one, else
 * `model.safetensors`, else every `*.safetensors`. The index decides which shard a tensor is read from; one
 * that it leaves out is read from the shard that has it. Reads no weights.
 */
export async function openCheckpoint(folder: string): Promise<Checkpoint> {
  const names = await listFolder(folder);
  if (names.includes(INDEX_FILE)) return openSharded(folder);
  const weights = names.filter((name) => name.endsWith('.safetensors')).sort();
  const files = weights.includes(SINGLE_FILE) ? [SINGLE_FILE] : weights;
  if (files.length === 0) throw noWeights(folder, names);
  const opened = await Promise.all(files.map((file) => openFile(folder, file)));
  const tensors = mergedTensors(opened, folder);
  return { folder, files: opened.map(({ file }) => file), tensors };
}

/** One file of a folder. Reads no weights. */
export async function openWeightFile(folder: string, name: string): Promise<Checkpoint> {
  const { file, tensors } = await openFile(folder, name);
  return {
    folder,
    files: [file],
    tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])),
  };
}

interface OpenedFile {
  readonly file: CheckpointFile;
  readonly tensors: readonly CheckpointTensor[];
}

function withFile({ file, tensors }: OpenedFile) {
  return tensors.map((tensor) => ({ tensor, file }));
}

async function openSharded(folder: string): Promise<Checkpoint> {
  const shardOf = await readIndex(folder);
  const shards = [...new Set(shardOf.values())].sort();
  const opened = await Promise.all(shards.map((shard) => openFile(folder, shard)));
  const byShard = new Map(
    shards.map((shard, i) => [shard, new Map(opened[i]?.tensors.map((t) => [t.name, t]))]),
  );
  const indexed = new Map<string, CheckpointTensor>();
  for (const [name, shard] of shardOf) {
    const tensor = byShard.get(shard)?.get(name);
    if (!tensor) throw broken(`Tensor '${name}' is not in ${shard}, where ${INDEX_FILE} puts it.`);
    indexed.set(name, tensor);
  }
  const unlisted = opened.map(({ file, tensors }) => ({
    file,
    tensors: tensors.filter(({ name }) => !indexed.has(name)),
  }));
  const tensors = new Map([...indexed, ...mergedTensors(unlisted, folder)]);
  return { folder, files: opened.map(({ file }) => file), tensors };
}

/** Every tensor of the files; each may be in one of them only. */
function mergedTensors(
  files: readonly OpenedFile[],
  folder: string,
): Map<string, CheckpointTensor> {
  const tensors = new Map<string, CheckpointTensor>();
  for (const { tensor, file } of files.flatMap(withFile)) {
    if (tensors.has(tensor.name)) {
      throw broken(`Tensor '${tensor.name}' is in two files of ${folder}, once in ${file.path}.`);
    }
    tensors.set(tensor.name, tensor);
  }
  return tensors;
}

/** The `weight_map` of a folder: tensor name → plain file name in the same folder. */
export async function readIndex(folder: string): Promise<Map<string, string>> {
  const path = join(folder, INDEX_FILE);
  const text = await reachable(() => readRegularText(path, INDEX_BYTES_MAX), path);
  let index: unknown;
  try {
    index = JSON.parse(text);
  } catch (cause) {
    throw broken(`${path} is not valid JSON.`, cause);
  }
  const map = (index as { weight_map?: unknown } | null)?.weight_map;
  if (typeof map !== 'object' || map === null || Array.isArray(map)) {
    throw broken(`${path} has no weight_map.`);
  }
  const shardOf = new Map<string, string>();
  for (const [name, shard] of Object.entries(map as Record<string, unknown>)) {
    shardOf.set(name, checkedShardName(shard, name, path));
  }
  if (shardOf.size === 0) throw broken(`${path} has an empty weight_map.`);
  return shardOf;
}

function checkedShardName(shard: unknown, tensor: string, path: string): string {
  if (typeof shard !== 'string' || !/^[\w][\w.-]*\.safetensors$/.test(shard)) {
    throw broken(
      `${path} puts tensor '${tensor}' into ${JSON.stringify(shard)}: ` +
        'a shard is a plain file name that ends in .safetensors.',
    );
  }
  return shard;
}

async function openFile(folder: string, name: string): Promise<OpenedFile> {
  const named = join(folder, name);
  const path = await reachable(() => realpath(named), named);
  const handle = await reachable(() => openRegular(path), named);
  try {
    return await readHeader(handle, path);
  } finally {
    await handle.close();
  }
}

async function readHeader(handle: FileHandle, path: string): Promise<OpenedFile> {
  const facts = await handle.stat();
  const first8 = await readExactly(handle, { path, offset: 0, length: Math.min(8, facts.size) });
  const length = headerLength(first8, facts.size, path);
  const json = await readExactly(handle, { path, offset: 8, length });
  const tensors = parseHeader(json, facts.size, path).map((tensor) => ({ ...tensor, path }));
  return { file: { path, bytes: facts.size }, tensors };
}

interface Range {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}

async function readExactly(handle: FileHandle, range: Range): Promise<Buffer> {
  const bytes = Buffer.alloc(range.length);
  const { bytesRead } = await handle.read(bytes, 0, range.length, range.offset);
  if (bytesRead !== range.length) throw broken(`${range.path} ended while its header was read.`);
  return bytes;
}

async function listFolder(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    throw new ModelLoadError('folder_not_found', `Cannot read the model folder ${folder}.`, {
      cause,
    });
  }
}

/** Turns a missing file, a dangling link or a circle of links into a sentence. */
async function reachable<T>(act: () => Promise<T>, path: string): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    if (cause instanceof ModelLoadError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    const why = code === 'ELOOP' ? 'its symbolic links form a circle' : code;
    throw broken(`Cannot open ${path}: ${why}.`, cause);
  }
}

function noWeights(folder: string, names: readonly string[]): ModelLoadError {
  const pickle = names.find((name) => PICKLE.test(name));
  if (pickle === undefined) return broken(`${folder} holds no *.safetensors file.`);
  return new ModelLoadError(
    'unsafe_format',
    `${folder} holds only pickle weights (${pickle}), which can run code when opened; ` +
      'Radish reads *.safetensors only.',
  );
}

function broken(message: string, cause?: unknown): ModelLoadError {
  return new ModelLoadError('bad_checkpoint', message, { cause });
}
