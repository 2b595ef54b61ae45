import { BYTE_VALUES, type ByteEncoding } from './bytes.js';

/** How the numbers of a row follow each other in its bytes. */
export type CodeEncoding = ByteEncoding | 'e2m1' | PackedInts;

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
  const values = BYTE_VALUES[encoding];
  const codes = new Float32Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) codes[i] = values[bytes[i] as number] as number;
  return codes;
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
  const wordsOfRow = Math.ceil(columns / perWord(packed));
  const rows = words.length / Math.max(1, wordsOfRow);
  const codes = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const word = row * wordsOfRow;
    const at = row * columns;
    for (let i = 0; i < columns; i++) {
      codes[at + i] = intAt(words[word + Math.floor(i / perWord(packed))] as number, packed, i);
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
