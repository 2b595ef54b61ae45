import { decodeFloats } from '../floats.js';
import type { InputFiles, TensorPlace } from '../input-files.js';

/** One of the stored tensors that a weight's numbers are made of. Plain data. */
export interface StoredPart extends TensorPlace {
  /** The file format's name, e.g. `F8_E4M3`. */
  readonly storedDtype: string;
  readonly shape: readonly number[];
  readonly byteLength: number;
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

/** Bytes of a part of floats as f32; exact. */
export function floatsOf({ name, storedDtype }: StoredPart, bytes: Uint8Array): Float32Array {
  const dtype = FLOATS[storedDtype];
  if (dtype === undefined) throw new Error(`This is a bug: '${name}' is ${storedDtype}.`);
  return decodeFloats(bytes, dtype);
}
