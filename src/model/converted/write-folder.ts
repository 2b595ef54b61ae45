import { type FileHandle, open, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { makeFolders } from '../../core/make-folders.js';
import type { QuantizedFormat } from '../../core/model-spec.js';
import type { NamedFiles } from '../../core/named-files.js';
import type { PreparedCheckpoint } from '../prepare-model.js';
import type { QuantizedForm } from '../built-model.js';
import { hashSegments } from '../quantize/hash-file.js';
import type { HashedFile } from '../quantize/hashed-files.js';
import { WEIGHTS_FILE } from '../quantize/layout.js';
import { openModel } from '../open-model.js';
import type { ModelSource } from '../source/model-source.js';
import { moduleFolders, MODULES_FILE } from '../source/module-path.js';
import { TEMPLATES_FOLDER } from '../source/repo-files.js';
import { CONVERTED_FILE, MANIFEST_FILE, manifestText, type ConvertedSource } from './manifest.js';
import { syncPath } from './sync-path.js';
import { movedRefs } from './weight-refs.js';

/** Tokenizers, their configurations and templates, and under which terms the model may be passed on. */
const COPIED =
  /^(\w[\w.-]*\.(json|jinja|txt|tiktoken)|(LICEN[CS]E|NOTICE|COPYING|USE_POLICY)[\w.-]*)$/i;
/** Of the weights as they were, or written here. */
const NOT_COPIED =
  /^(config|generation_config|modules|quantize_config|quant_config|radish|.*\.index)\.json$/;
/** Bytes in front of the weights: as in the cache they begin at the start of a page. */
const HEADER_BYTES = 4096;
const COPY_BYTES = 2 ** 22;

/** What is to be shipped. */
export interface ConvertedModel {
  readonly prepared: PreparedCheckpoint;
  /** What the weights were made of: a repository, or the name of a folder or file. */
  readonly model: string;
  readonly sources: readonly HashedFile[];
  readonly tokenizer: NamedFiles;
}

/** Writes what `radish serve --model-path` takes into an empty folder. @throws the file system's own errors */
export async function writeConverted(
  folder: string,
  { prepared, model, sources, tokenizer }: ConvertedModel,
  signal: AbortSignal,
): Promise<void> {
  const { quantized, spec, target, checkpoint, info } = prepared;
  if (quantized === null) throw new Error('this is a bug: nothing is quantized');
  await writeTexts(folder, info.folder, tokenizer);
  const weights = join(folder, CONVERTED_FILE);
  await copyWeights(quantized, weights, signal);
  const sizes = new Map(checkpoint.files.map(({ path, bytes }) => [path, bytes]));
  const files = sources.map(({ path, sha256 }): ConvertedSource => ({
    name: basename(path),
    bytes: sizes.get(path) ?? 0,
    sha256,
  }));
  const text = manifestText({
    format: spec.format as QuantizedFormat,
    architecture: spec.architecture,
    network: quantized.network,
    target: { device: target.device, compute: target.compute },
    source: { model, dtype: quantized.storedType, files },
    kept: info.kept,
    isCompensated: info.isCompensated,
    kvScales: quantized.kvScales,
    weights: {
      fileBytes: (await stat(weights)).size,
      segmentsHash: await hashSegments(weights),
    },
    map: movedRefs(quantized.store.map, (ref) => ({
      ...ref,
      file: CONVERTED_FILE,
      offset: ref.offset + HEADER_BYTES,
    })),
  });
  await writeText(join(folder, MANIFEST_FILE), text);
  await syncPath(folder);
}

async function writeTexts(folder: string, path: string, tokenizer: NamedFiles): Promise<void> {
  const { source } = await openModel(path);
  // What it says of how its weights were packed is not true of these.
  const config = { ...(await source.config()), quantization_config: undefined };
  await writeText(join(folder, 'config.json'), shown(config));
  const generation = await source.generationConfig();
  if (Object.keys(generation).length > 0) {
    await writeText(join(folder, 'generation_config.json'), shown(generation));
  }
  for (const below of ['', TEMPLATES_FOLDER]) await copyTexts(tokenizer, below, folder);
  await writeModules(folder, source);
}

/** What says how a model pools: the list of its modules, whose network lies in the folder itself now, and their configs. */
async function writeModules(folder: string, source: ModelSource): Promise<void> {
  const list = await source.json(MODULES_FILE);
  if (!Array.isArray(list)) return;
  const modules = (list as readonly object[]).map((module, at) =>
    at === 0 ? { ...module, path: '' } : module,
  );
  await writeText(join(folder, MODULES_FILE), shown(modules));
  for (const part of moduleFolders(list).parts) {
    const name = join(part, 'config.json');
    const config = await source.json(name);
    if (typeof config !== 'object' || config === null) continue;
    await makeFolders(join(folder, part));
    await writeText(join(folder, name), shown(config));
  }
}

async function copyTexts(from: NamedFiles, below: string, folder: string): Promise<void> {
  const names = (await from.list(below)).filter((name) => COPIED.test(name));
  for (const name of names.filter((name) => !NOT_COPIED.test(name))) {
    const text = await from.read(join(below, name));
    if (text === null) continue;
    await makeFolders(join(folder, below));
    await writeText(join(folder, below, name), text);
  }
}

function shown(json: object): string {
  return `${JSON.stringify(json, null, 2)}\n`;
}

/** A safetensors file with one tensor, in which all of them lie: hubs and tools know such files. */
async function copyWeights(
  { store }: QuantizedForm,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  const from = await open(join(store.folder, WEIGHTS_FILE));
  try {
    const { size } = await from.stat();
    const to = await open(path, 'wx');
    try {
      await to.writeFile(headerOf(size));
      await copyBytes(from, to, signal);
      await to.datasync();
    } finally {
      await to.close();
    }
  } finally {
    await from.close();
  }
}

function headerOf(size: number): Buffer {
  const json = JSON.stringify({
    __metadata__: { format: 'radish' },
    'radish.weights': { dtype: 'U8', shape: [size], data_offsets: [0, size] },
  });
  const header = Buffer.alloc(HEADER_BYTES, ' ');
  header.writeBigUInt64LE(BigInt(HEADER_BYTES - 8), 0);
  header.write(json, 8);
  return header;
}

async function copyBytes(from: FileHandle, to: FileHandle, signal: AbortSignal): Promise<void> {
  const buffer = Buffer.allocUnsafe(COPY_BYTES);
  for (;;) {
    signal.throwIfAborted();
    const { bytesRead } = await from.read(buffer, 0, COPY_BYTES);
    if (bytesRead === 0) return;
    await to.writeFile(buffer.subarray(0, bytesRead));
  }
}

async function writeText(path: string, text: string): Promise<void> {
  await writeFile(path, text, { flag: 'wx' });
  await syncPath(path);
}
