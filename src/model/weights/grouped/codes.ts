import type { FloatType } from '../../../core/model-spec.js';
import { decodeFloats } from '../floats.js';
import { BYTE_VALUES, type ByteEncoding } from './bytes.js';

/** How the numbers of a row follow each other in its bytes. */
export type CodeEncoding = FloatType | ByteEncoding | 'e2m1' | PackedInts;

/**
 * Signed integers of `bits` bits in words of 32, as many as fit whole, from the lowest bit on. What is stored is
 * `2^(bits - 1)` more than the number.
 */
export interface PackedInts {
  readonly bits: number;
}

/** Floats of four bits (OCP Microscaling Formats 1.0), two in a byte, the lower half first. */
const E2M1 = Float32Array.of(0, 0.5, 1, 1.5, 2, 3, 4, 6, -0, -0.5, -1, -1.5, -2, -3, -4, -6);

/** Numbers that one word of 32 bits holds. */
export function perWord({ bits }: PackedInts): number {
  return Math.floor(32 / bits);
}

/** The numbers of whole rows. */
export function decodeCodes(
  bytes: Uint8Array,
  encoding: CodeEncoding,
  columns: number,
): Float32Array {
  if (typeof encoding === 'object') return decodeInts(bytes, encoding, columns);
  if (encoding === 'e2m1') return decodeE2m1(bytes);
  if (isFloat(encoding)) return decodeFloats(bytes, encoding);
  const values = BYTE_VALUES[encoding];
  const codes = new Float32Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) codes[i] = values[bytes[i] as number] as number;
  return codes;
}

function isFloat(encoding: FloatType | ByteEncoding): encoding is FloatType {
  return encoding === 'f32' || encoding === 'f16' || encoding === 'bf16';
}

function decodeE2m1(bytes: Uint8Array): Float32Array {
  const codes = new Float32Array(2 * bytes.length);
  for (let i = 0; i < bytes.length; i++) {
    const pair = bytes[i] as number;
    codes[2 * i] = E2M1[pair & 15] as number;
    codes[2 * i + 1] = E2M1[pair >> 4] as number;
  }
  return codes;
}

function decodeInts(bytes: Uint8Array, packed: PackedInts, columns: number): Float32Array {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const count = perWord(packed);
  const wordsOfRow = Math.ceil(columns / count);
  const codes = new Float32Array((words.length / wordsOfRow) * columns);
  const [mask, offset] = [2 ** packed.bits - 1, 2 ** (packed.bits - 1)];
  let at = 0;
  for (let i = 0; i < words.length; i++) {
    const left = columns - (i % wordsOfRow) * count;
    let word = words[i] as number;
    for (let end = at + Math.min(count, left); at < end; at++) {
      codes[at] = (word & mask) - offset;
      word >>>= packed.bits;
    }
  }
  return codes;
}

/** Number `i` of a row or column, of the word that it is in. */
export function intAt(word: number, packed: PackedInts, i: number): number {
  const { bits } = packed;
  const stored = (word >>> ((i % perWord(packed)) * bits)) & (2 ** bits - 1);
  return stored - 2 ** (bits - 1);
}
