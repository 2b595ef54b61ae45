import { decodeFloats } from '../floats.js';
import type { InputFiles, TensorPlace } from '../input-files.js';
import type { ByteEncoding } from './bytes.js';
import { decodeCodes } from './codes.js';

/** One of the stored tensors that a weight's numbers are made of. Plain data. */
export interface StoredPart extends TensorPlace {
  /** The file format's name, e.g. `F8_E4M3`. */
  readonly storedDtype: string;
  readonly shape: readonly number[];
  readonly byteLength: number;
}

/** How many numbers or words it has. */
export function elementsOf({ shape }: StoredPart): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Half-open. */
export interface Range {
  readonly begin: number;
  readonly end: number;
}

/** Bytes of the rows of a part: the first dimension is cut. */
export function partRows(files: InputFiles, part: StoredPart, { begin, end }: Range): Uint8Array {
  const rowBytes = part.byteLength / (part.shape[0] ?? 1);
  const bytes = new Uint8Array((end - begin) * rowBytes);
  files.read(part, begin * rowBytes, bytes);
  return bytes;
}

const FLOATS: Readonly<Record<string, 'f32' | 'f16' | 'bf16'>> = {
  F32: 'f32',
  F16: 'f16',
  BF16: 'bf16',
};

/** Of scales and zeros: U8 is the exponent of a scale. */
const BYTES: Readonly<Record<string, ByteEncoding>> = {
  F8_E4M3: 'f8_e4m3',
  F8_E8M0: 'e8m0',
  U8: 'e8m0',
  I8: 'i8',
};

/** Bytes of a part of scales or zeros as f32; exact. */
export function floatsOf({ name, storedDtype }: StoredPart, bytes: Uint8Array): Float32Array {
  const dtype = FLOATS[storedDtype];
  if (dtype !== undefined) return decodeFloats(bytes, dtype);
  const encoding = BYTES[storedDtype];
  if (encoding === undefined) throw new Error(`This is a bug: '${name}' is ${storedDtype}.`);
  return decodeCodes(bytes, encoding, bytes.length);
}
