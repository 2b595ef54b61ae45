import type { FloatType } from '../../../core/model-spec.js';
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

/** Half-open. */
export interface Range {
  readonly begin: number;
  readonly end: number;
}

/** All bytes of a part. */
export function partBytes(files: InputFiles, part: StoredPart): Uint8Array {
  const bytes = new Uint8Array(part.byteLength);
  files.read(part, 0, bytes);
  return bytes;
}

/** Bytes of the rows of a part: the first dimension is cut. */
export function partRows(files: InputFiles, part: StoredPart, { begin, end }: Range): Uint8Array {
  const rowBytes = part.byteLength / (part.shape[0] ?? 1);
  const bytes = new Uint8Array((end - begin) * rowBytes);
  files.read(part, begin * rowBytes, bytes);
  return bytes;
}

/** Rows of fewer bytes are read together: that costs less than a read of each. */
const SHORT_ROW_BYTES = 8192;
const TOGETHER_BYTES = 1 << 20;

/** Bytes of the columns of a part `[rows, columns]`, each row's behind the last one's. */
export function partColumns(
  files: InputFiles,
  part: StoredPart,
  { begin, end }: Range,
): Uint8Array {
  const [rows = 0, columns = 0] = part.shape;
  const rowBytes = part.byteLength / Math.max(1, rows);
  const elementBytes = rowBytes / Math.max(1, columns);
  const [first, width] = [begin * elementBytes, (end - begin) * elementBytes];
  if (width === rowBytes) return partRows(files, part, { begin: 0, end: rows });
  const bytes = new Uint8Array(rows * width);
  if (rowBytes > SHORT_ROW_BYTES) {
    for (let row = 0; row < rows; row++) {
      files.read(part, row * rowBytes + first, bytes.subarray(row * width, (row + 1) * width));
    }
    return bytes;
  }
  const step = Math.max(1, Math.floor(TOGETHER_BYTES / Math.max(1, rowBytes)));
  for (let row = 0; row < rows; row += step) {
    const together = partRows(files, part, { begin: row, end: Math.min(rows, row + step) });
    for (let at = first; at < together.length; at += rowBytes) {
      const to = (row + Math.floor(at / rowBytes)) * width;
      bytes.set(together.subarray(at, at + width), to);
    }
  }
  return bytes;
}

/** Floats by the dtypes of safetensors. */
export const FLOATS: Readonly<Record<string, FloatType>> = {
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
