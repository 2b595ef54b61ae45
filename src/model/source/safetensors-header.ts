import { elements } from '../elements.js';
import { ModelLoadError } from '../load-error.js';
import type { TensorDtype } from '../weights/weight-store.js';
import type { CheckpointTensor } from './checkpoint.js';

/** Bytes per element of every dtype that the safetensors format knows. */
const FORMAT_BYTES: Readonly<Record<string, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  F8_E8M0: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
};

const READABLE: Readonly<Record<string, TensorDtype>> = {
  F32: 'f32',
  F16: 'f16',
  BF16: 'bf16',
  I8: 'i8',
  U8: 'u8',
  I32: 'i32',
  I64: 'i64',
};

/** The reference reader's own limit. */
export const HEADER_BYTES_MAX = 100_000_000;

/** One tensor of a header, checked against the size of its file. */
export type HeaderTensor = Omit<CheckpointTensor, 'path'>;

/** Length of the JSON header in bytes, from the first 8 bytes of a file of `fileBytes`. */
export function headerLength(first8: Buffer, fileBytes: number, file: string): number {
  if (fileBytes < 8 || first8.length < 8) {
    throw broken(`${file} is ${fileBytes} bytes long: too short to be a safetensors file.`);
  }
  const length = first8.readBigUInt64LE(0);
  if (length > BigInt(HEADER_BYTES_MAX)) {
    throw broken(`${file} claims a header of ${String(length)} bytes; at most 100 MB are allowed.`);
  }
  if (Number(length) + 8 > fileBytes) {
    throw broken(`${file} claims a header of ${String(length)} bytes, but has only ${fileBytes}.`);
  }
  return Number(length);
}

/**
 * Parses and checks the JSON header of one file: known dtypes, whole shapes, byte ranges that agree
 * with both, and data that the tensors cover exactly, without gap, overlap or missing end.
 */
export function parseHeader(json: Buffer, fileBytes: number, file: string): HeaderTensor[] {
  const dataStart = 8 + json.length;
  const tensors: HeaderTensor[] = [];
  for (const [name, entry] of Object.entries(parseObject(json, file))) {
    if (name === '__metadata__') continue;
    tensors.push(parseEntry(name, entry, { file, dataStart, fileBytes }));
  }
  checkCoverage(tensors, { file, dataStart, fileBytes });
  return tensors;
}

interface FileFacts {
  readonly file: string;
  readonly dataStart: number;
  readonly fileBytes: number;
}

function parseObject(json: Buffer, file: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(json.toString('utf8'));
  } catch (cause) {
    throw broken(`The header of ${file} is not valid JSON.`, cause);
  }
  if (!isRecord(value)) throw broken(`The header of ${file} is not a JSON object.`);
  return value;
}

function parseEntry(name: string, entry: unknown, facts: FileFacts): HeaderTensor {
  const where = `Tensor '${name}' in ${facts.file}`;
  if (!isRecord(entry)) throw broken(`${where} has no description in the header.`);
  const { dtype, shape, data_offsets: offsets } = entry;
  const width = typeof dtype === 'string' ? FORMAT_BYTES[dtype] : undefined;
  if (typeof dtype !== 'string' || width === undefined) {
    throw broken(`${where} has the unknown dtype ${JSON.stringify(dtype)}.`);
  }
  if (!isSizes(shape)) throw broken(`${where} has the bad shape ${JSON.stringify(shape)}.`);
  if (!isSizes(offsets) || offsets.length !== 2) {
    throw broken(`${where} has bad data_offsets ${JSON.stringify(offsets)}.`);
  }
  const [begin, end] = offsets as [number, number];
  if (begin > end || facts.dataStart + end > facts.fileBytes) {
    throw broken(
      `${where} claims bytes [${begin}, ${end}) of ${facts.fileBytes - facts.dataStart}: ` +
        'the file is truncated or its header lies.',
    );
  }
  const byteLength = elements(shape) * width;
  if (byteLength !== end - begin) {
    throw broken(
      `${where} has ${end - begin} bytes, but ${dtype} [${shape.join(', ')}] takes ${byteLength}.`,
    );
  }
  const offset = facts.dataStart + begin;
  const stored = { storedDtype: dtype, dtype: READABLE[dtype] ?? null, packing: null };
  return { name, offset, byteLength, ...stored, shape };
}

function checkCoverage(tensors: readonly HeaderTensor[], facts: FileFacts): void {
  const ordered = [...tensors].sort((a, b) => a.offset - b.offset || a.byteLength - b.byteLength);
  let end = facts.dataStart;
  let before = 'the header';
  for (const tensor of ordered) {
    if (tensor.offset !== end) {
      const how = tensor.offset < end ? 'overlaps' : 'leaves a gap after';
      throw broken(`Tensor '${tensor.name}' in ${facts.file} ${how} ${before}.`);
    }
    end = tensor.offset + tensor.byteLength;
    before = `tensor '${tensor.name}'`;
  }
  if (end !== facts.fileBytes) {
    throw broken(`${facts.file} has ${facts.fileBytes - end} bytes that belong to no tensor.`);
  }
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && Number(n) >= 0);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function broken(message: string, cause?: unknown): ModelLoadError {
  return new ModelLoadError('bad_checkpoint', message, { cause });
}
