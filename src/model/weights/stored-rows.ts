import { readSync } from 'node:fs';

import { ModelLoadError } from '../load-error.js';
import { BLOCK_TYPES } from './blocks/registry.js';
import type { WeightDtype } from './find-weight.js';
import { F16_VALUES } from './half.js';
import { isBlocks, packedBytes, pairedRow, type Packing } from './packing.js';

/** Where a checkpoint tensor lies, as plain data: what a job needs to read its input. */
export interface StoredTensor {
  /** Checkpoint name; for messages. */
  readonly name: string;
  readonly path: string;
  readonly offset: number;
  /** Of its numbers once they are unpacked. */
  readonly dtype: WeightDtype;
  /** Null = its bytes are its numbers. */
  readonly packing: Packing | null;
  readonly shape: readonly number[];
}

/** Elements of one row: everything but the first dimension. */
export function rowLength(source: StoredTensor): number {
  return source.shape.slice(1).reduce((product, size) => product * size, 1);
}

/** Rows `[begin, end)` of a tensor as f32. */
export function readFloats(
  fd: number,
  source: StoredTensor,
  begin: number,
  end: number,
): Float32Array {
  const { packing } = source;
  if (packing === null) return decodeFloats(readRows(fd, source, begin, end), source.dtype);
  const size = packing.pairedRows;
  const values =
    size === null
      ? unpack(readRows(fd, source, begin, end), packing)
      : readPairedRows(fd, { ...source, packing }, { begin, end, size });
  if (packing.plus !== 0) {
    for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) + packing.plus;
  }
  return values;
}

/** Rows of heads of `size` rows whose partners lie next to each other: whole heads are read. */
function readPairedRows(
  fd: number,
  source: StoredTensor & { readonly packing: Packing },
  { begin, end, size }: { readonly begin: number; readonly end: number; readonly size: number },
): Float32Array {
  const width = rowLength(source);
  const first = Math.floor(begin / size) * size;
  const heads = readRows(fd, source, first, Math.ceil(end / size) * size);
  const stored = unpack(heads, source.packing);
  const rows = new Float32Array((end - begin) * width);
  for (let row = begin; row < end; row++) {
    const at = (pairedRow(row, size) - first) * width;
    rows.set(stored.subarray(at, at + width), (row - begin) * width);
  }
  return rows;
}

function unpack(bytes: Uint8Array, { encoding }: Packing): Float32Array {
  if (!isBlocks(encoding)) return decodeFloats(bytes, encoding);
  const type = BLOCK_TYPES[encoding];
  const values = new Float32Array((bytes.length / type.bytes) * type.elements);
  type.decode(bytes, values);
  return values;
}

/** Rows `[begin, end)` of a tensor as they are stored. */
export function readRows(fd: number, source: StoredTensor, begin: number, end: number): Uint8Array {
  const rowBytes = packedBytes(source.packing?.encoding ?? source.dtype, rowLength(source));
  const bytes = new Uint8Array((end - begin) * rowBytes);
  let done = 0;
  while (done < bytes.length) {
    const position = source.offset + begin * rowBytes + done;
    const length = Math.min(bytes.length - done, 1 << 30);
    const count = readSync(fd, bytes, done, length, position);
    if (count === 0) {
      throw new ModelLoadError(
        'bad_checkpoint',
        `${source.path} ended while tensor '${source.name}' was read.`,
      );
    }
    done += count;
  }
  return bytes;
}

/** Stored bytes as numbers. Little-endian, as the format and every machine here is. */
export function decodeFloats(bytes: Uint8Array, dtype: WeightDtype): Float32Array {
  if (dtype === 'f32') return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  return dtype === 'bf16' ? decodeBf16(halves) : decodeF16(halves);
}

function decodeBf16(halves: Uint16Array): Float32Array {
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) bits[i] = (halves[i] as number) << 16;
  return new Float32Array(bits.buffer);
}

function decodeF16(halves: Uint16Array): Float32Array {
  const floats = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) floats[i] = F16_VALUES[halves[i] as number] as number;
  return floats;
}

/** IEEE half precision of `floats`, rounded to nearest even; beyond 65,504 becomes infinite. */
export function encodeF16(floats: Float32Array): Uint16Array {
  const bits = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  const halves = new Uint16Array(floats.length);
  for (let i = 0; i < floats.length; i++) {
    const word = bits[i] as number;
    halves[i] = ((word >>> 16) & 0x8000) | halfMagnitude(word & 0x7fffffff, floats[i] as number);
  }
  return halves;
}

function halfMagnitude(magnitude: number, value: number): number {
  if (magnitude > 0x7f800000) return 0x7e00;
  if (magnitude >= 0x477ff000) return 0x7c00;
  // Below the smallest normal number: the spacing is constant, 2^-24.
  if (magnitude < 0x38800000) return roundHalfEven(Math.abs(value) * 2 ** 24);
  const odd = (magnitude >>> 13) & 1;
  return (magnitude - 0x38000000 + 0xfff + odd) >>> 13;
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
