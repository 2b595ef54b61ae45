import type { InputFiles } from '../input-files.js';
import type { GroupedRows } from './grouped-rows.js';
import type { RowsToRead } from './layout.js';
import { floatsOf, partBytes, partRows, type Range, type StoredPart } from './part.js';

/**
 * Bytes of two codes of four bits, the high one first; a code is a place in a table. The matrix is one run of numbers:
 * its blocks go on over the ends of rows.
 */
export interface CodeBookPacking {
  readonly kind: 'code-book';
  readonly book: CodeBookName;
  /** Numbers that share a scale. */
  readonly blockSize: number;
  /** How the scales are stored, where they are quantised too; null = as they are. */
  readonly nested: NestedScales | null;
  readonly parts: {
    readonly codes: StoredPart;
    /** `[blocks]`: floats, or bytes where they are nested. */
    readonly scales: StoredPart;
    /** `[blocks / nested.blockSize]` f32. */
    readonly nestedScales?: StoredPart;
    /** `[256]` f32: what the bytes are. */
    readonly nestedBook?: StoredPart;
  };
}

export interface NestedScales {
  readonly blockSize: number;
  /** Is added to each scale. */
  readonly offset: number;
}

export type CodeBookName = 'nf4' | 'fp4';

/** bitsandbytes' tables, as QLoRA (arXiv 2305.14314) has the first. The second is a sign and three bits. */
const BOOKS: Readonly<Record<CodeBookName, Float32Array>> = {
  nf4: Float32Array.of(
    -1,
    -0.6961928009986877,
    -0.5250730514526367,
    -0.39491748809814453,
    -0.28444138169288635,
    -0.18477343022823334,
    -0.09105003625154495,
    0,
    0.07958029955625534,
    0.16093020141124725,
    0.24611230194568634,
    0.33791524171829224,
    0.44070982933044434,
    0.5626170039176941,
    0.7229568362236023,
    1,
  ),
  fp4: Float32Array.from({ length: 16 }, (_, code) => {
    const magnitude = [0, 0.0625, 8, 12, 4, 6, 2, 3][code & 7] as number;
    return (code < 8 ? magnitude : -magnitude) / 12;
  }),
};

export function readCodeBook(
  files: InputFiles,
  packing: CodeBookPacking,
  { begin, end, columns }: RowsToRead,
): GroupedRows {
  const { blockSize, parts, book } = packing;
  const numbers = { begin: begin * columns, end: end * columns };
  const firstBlock = Math.floor(numbers.begin / blockSize);
  const blocks = { begin: firstBlock, end: Math.ceil(numbers.end / blockSize) };
  const stored = blockScales(files, packing, blocks);
  // No block begins or ends within so many columns of a row.
  const width = commonDivisor(columns, blockSize);
  const groups = columns / width;
  const scales = Float32Array.from({ length: (end - begin) * groups }, (_, group) => {
    const block = Math.floor((numbers.begin + group * width) / blockSize);
    return stored[block - firstBlock] as number;
  });
  const groupOf = Uint32Array.from({ length: columns }, (_, column) => Math.floor(column / width));
  return { codes: codesOf(files, parts.codes, BOOKS[book], numbers), scales, zeros: null, groupOf };
}

function codesOf(
  files: InputFiles,
  part: StoredPart,
  book: Float32Array,
  { begin, end }: Range,
): Float32Array {
  const first = Math.floor(begin / 2);
  const bytes = new Uint8Array(Math.ceil(end / 2) - first);
  files.read(part, first, bytes);
  const codes = new Float32Array(end - begin);
  const before = begin - 2 * first;
  for (let i = 0; i < codes.length; i++) {
    const byte = bytes[(before + i) >> 1] as number;
    codes[i] = book[((before + i) & 1) === 0 ? byte >> 4 : byte & 15] as number;
  }
  return codes;
}

/** The scales of blocks, each sum and product rounded to f32. */
function blockScales(
  files: InputFiles,
  { nested, parts }: CodeBookPacking,
  blocks: Range,
): Float32Array {
  const bytes = partRows(files, parts.scales, blocks);
  const { nestedScales, nestedBook } = parts;
  if (nested === null || nestedScales === undefined || nestedBook === undefined) {
    return floatsOf(parts.scales, bytes);
  }
  const book = allOf(files, nestedBook);
  const factors = allOf(files, nestedScales);
  return Float32Array.from(bytes, (byte, i) => {
    const factor = factors[Math.floor((blocks.begin + i) / nested.blockSize)] as number;
    return Math.fround((book[byte] as number) * factor) + Math.fround(nested.offset);
  });
}

function allOf(files: InputFiles, part: StoredPart): Float32Array {
  return floatsOf(part, partBytes(files, part));
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}
