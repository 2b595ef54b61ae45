import { createHash } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { randomBits } from '../../core/clock.js';
import { makeFolders } from '../../core/make-folders.js';
import { draftOf } from '../../core/owned-drafts.js';
import { type AnyPlan, type Demand, planDemands } from '../plan/demands.js';
import type { Checkpoint } from '../source/checkpoint.js';
import { ModelLoadError } from '../load-error.js';
import { DUMMY_FILE, makeRoom, useEntry, type WeightCache } from '../quantize/cache-room.js';
import { openCheckpoint } from '../source/safetensors.js';

/** Hugging Face's default `initializer_range`. */
const WEIGHT_SCALE = 0.02;
const DUMMY_VERSION = 1;
export const DUMMY_TYPE = 'bf16';
/** Numbers that a random tensor is drawn from, as bf16: a table of a bell curve's quantiles. */
const TABLE_SIZE = 4096;

/**
 * `--load-format dummy`: a real safetensors file of seeded random weights (bf16; gains 1, biases
 * small) for what `plan` reads, made once in the cache. The same plan gives the same bytes on
 * every machine. @throws ModelLoadError where the cache cannot be written
 */
export async function dummyCheckpoint(plan: AnyPlan, cache: WeightCache): Promise<Checkpoint> {
  const demands = planDemands(plan);
  const key = createHash('sha256')
    .update(JSON.stringify([DUMMY_VERSION, demands]))
    .digest('hex');
  const folder = join(cache.cacheDir, `dummy-${key.slice(0, 32)}`);
  const found = await usedDummy(folder);
  await makeRoom(cache, found === null ? bytesOf(demands) : 0);
  return found ?? (await makeDummy(demands, folder));
}

/** Of the tensors of a dummy. */
function bytesOf(demands: readonly Demand[]): number {
  return demands.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 2), 0);
}

/** A finished dummy, in use by this process from now on; null where there is none. */
async function usedDummy(folder: string): Promise<Checkpoint | null> {
  const found = await openCheckpoint(folder).catch(() => null);
  return found !== null && (await useEntry(folder)) ? found : null;
}

/** Put in its place by one rename. One that another process finished meanwhile wins. */
async function makeDummy(demands: readonly Demand[], folder: string): Promise<Checkpoint> {
  const draft = draftOf(folder);
  try {
    await writeDummy(demands, draft);
    const theirs = await usedDummy(folder);
    if (theirs !== null) return theirs;
    await rm(folder, { recursive: true, force: true });
    await rename(draft, folder);
    await useEntry(folder);
    return await openCheckpoint(folder);
  } catch (error) {
    throw notWritten(error, folder);
  } finally {
    await rm(draft, { recursive: true, force: true }).catch(() => undefined);
  }
}

function notWritten(cause: unknown, folder: string): unknown {
  const { code } = cause as NodeJS.ErrnoException;
  if (cause instanceof ModelLoadError || code === undefined) return cause;
  const message = `Dummy weights could not be written to ${folder} (${code}).`;
  return new ModelLoadError(code === 'ENOSPC' ? 'disk_full' : 'bad_option', message, { cause });
}

async function writeDummy(demands: readonly Demand[], draft: string): Promise<void> {
  await makeFolders(draft, 0o700);
  const file = await open(join(draft, DUMMY_FILE), 'w');
  try {
    await file.writeFile(dummyHeader(demands));
    for (const demand of demands) await writeTensor(file, demand);
  } finally {
    await file.close();
  }
}

/** Length and JSON, padded with spaces so that the data begins at a multiple of 8. */
function dummyHeader(demands: readonly Demand[]): Buffer {
  let end = 0;
  const entries = demands.map(({ checkpoint, shape }) => {
    const begin = end;
    end += shape.reduce((product, size) => product * size, 2);
    return [
      checkpoint,
      { dtype: DUMMY_TYPE.toUpperCase(), shape, data_offsets: [begin, end] },
    ] as const;
  });
  const json = JSON.stringify(Object.fromEntries(entries));
  const header = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, ' ');
  header.writeBigUInt64LE(BigInt(header.length - 8), 0);
  header.write(json, 8);
  return header;
}

/** Rows at a time, each piece with its own seed. */
async function writeTensor(file: FileHandle, { checkpoint, shape }: Demand): Promise<void> {
  const [rows = 1, ...rest] = shape;
  const columns = rest.reduce((product, size) => product * size, 1);
  const isGain = rest.length === 0 && !checkpoint.endsWith('.bias');
  const step = Math.max(1, Math.floor(2 ** 22 / columns));
  for (let row = 0; row < rows; row += step) {
    const count = Math.min(step, rows - row) * columns;
    const values = isGain
      ? new Uint16Array(count).fill(toBf16(1))
      : bf16Noise(count, WEIGHT_SCALE, seedOf(`${checkpoint}:${row}`));
    await file.write(new Uint8Array(values.buffer));
  }
}

/**
 * `count` bf16 numbers, about normal with standard deviation `scale`, the same for one seed on every
 * machine. Drawn from a table, because weights come in hundreds of millions.
 */
function bf16Noise(count: number, scale: number, seed: number): Uint16Array {
  const table = bellTable(scale);
  const next = randomBits(seed);
  const noise = new Uint16Array(count);
  for (let i = 0; i < count; i += 2) {
    const bits = next();
    noise[i] = table[bits & (TABLE_SIZE - 1)] as number;
    if (i + 1 < count) noise[i + 1] = table[(bits >>> 16) & (TABLE_SIZE - 1)] as number;
  }
  return noise;
}

/** Each entry is a sum of uniform numbers, normal enough by the central limit. */
function bellTable(scale: number): Uint16Array {
  const next = randomBits(1);
  const numTerms = 12;
  return Uint16Array.from({ length: TABLE_SIZE }, () => {
    let sum = -numTerms / 2;
    for (let term = 0; term < numTerms; term++) sum += next() / 2 ** 32;
    return toBf16(sum * scale);
  });
}

/** Rounded to nearest; `value` is finite. */
function toBf16(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer)[0] as number;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

/** A 32-bit seed of a text (FNV-1a), so that each tensor gets its own stream. */
function seedOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}
