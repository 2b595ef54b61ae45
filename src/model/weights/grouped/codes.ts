import type { FloatType } from '../../../core/model-spec.js';
import { decodeFloats } from '../floats.js';
import { BYTE_VALUES, type ByteEncoding } from './bytes.js';

/** How the numbers of a row follow each other in its bytes. */
export type CodeEncoding = FloatType | ByteEncoding | 'e2m1' | 'e2m3' | PackedInts;

/** Signed integers of `bits` bits in words of 32, from the lowest bit on; stored is `2^(bits - 1)` more. */
export interface PackedInts {
  readonly bits: number;
  /** Numbers go on over the end of a word; else as many are in one as fit whole. */
  readonly crosses: boolean;
}

/** Floats of four and six bits (OCP Microscaling Formats 1.0), magnitudes before their negatives. */
const E2M1 = signed([0, 0.5, 1, 1.5, 2, 3, 4, 6]);
const E2M3 = signed(
  Array.from({ length: 32 }, (_, code) =>
    code < 8 ? code / 8 : (1 + (code & 7) / 8) * 2 ** ((code >> 3) - 1),
  ),
);

function signed(magnitudes: readonly number[]): Float32Array {
  return Float32Array.from([...magnitudes, ...magnitudes.map((magnitude) => -magnitude)]);
}

/** The word that number `i` begins in, and its first bit there. */
export function placeOf({ bits, crosses }: PackedInts, i: number): { word: number; shift: number } {
  if (crosses) return { word: Math.floor((i * bits) / 32), shift: (i * bits) % 32 };
  const perWord = Math.floor(32 / bits);
  return { word: Math.floor(i / perWord), shift: (i % perWord) * bits };
}

/** Words that hold `count` numbers. */
export function wordsFor({ bits, crosses }: PackedInts, count: number): number {
  return Math.ceil(crosses ? (count * bits) / 32 : count / Math.floor(32 / bits));
}

/** The number that begins at `shift` of the word `low`, and may go on in the next one. */
export function intAt(low: number, high: number, shift: number, { bits }: PackedInts): number {
  const upper = shift + bits > 32 ? high << (32 - shift) : 0;
  return (((low >>> shift) | upper) & (2 ** bits - 1)) - 2 ** (bits - 1);
}

/** The numbers of whole rows. */
export function decodeCodes(
  bytes: Uint8Array,
  encoding: CodeEncoding,
  columns: number,
): Float32Array {
  if (typeof encoding === 'object') return decodeInts(bytes, encoding, columns);
  if (encoding === 'e2m1') return decodeE2m1(bytes);
  if (encoding === 'e2m3') return decodeE2m3(bytes);
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

/** Four numbers in three bytes, from the lowest bit on. */
function decodeE2m3(bytes: Uint8Array): Float32Array {
  const codes = new Float32Array((bytes.length / 3) * 4);
  for (let i = 0; i < codes.length; i++) {
    const at = 3 * (i >> 2);
    const three =
      (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
    codes[i] = E2M3[(three >> (6 * (i & 3))) & 63] as number;
  }
  return codes;
}

function decodeInts(bytes: Uint8Array, packed: PackedInts, columns: number): Float32Array {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const wordsOfRow = wordsFor(packed, columns);
  if (packed.crosses) return decodeCrossing(words, packed, { columns, wordsOfRow });
  const perWord = Math.floor(32 / packed.bits);
  const codes = new Float32Array((words.length / wordsOfRow) * columns);
  const [mask, offset] = [2 ** packed.bits - 1, 2 ** (packed.bits - 1)];
  let at = 0;
  for (let i = 0; i < words.length; i++) {
    const left = columns - (i % wordsOfRow) * perWord;
    let word = words[i] as number;
    for (let end = at + Math.min(perWord, left); at < end; at++) {
      codes[at] = (word & mask) - offset;
      word >>>= packed.bits;
    }
  }
  return codes;
}

function decodeCrossing(
  words: Uint32Array,
  packed: PackedInts,
  { columns, wordsOfRow }: { readonly columns: number; readonly wordsOfRow: number },
): Float32Array {
  const rows = words.length / wordsOfRow;
  const codes = new Float32Array(rows * columns);
  for (let column = 0; column < columns; column++) {
    const { word, shift } = placeOf(packed, column);
    for (let row = 0; row < rows; row++) {
      const from = row * wordsOfRow + word;
      const [low, high] = [words[from] as number, words[from + 1] ?? 0];
      codes[row * columns + column] = intAt(low, high, shift, packed);
    }
  }
  return codes;
}
