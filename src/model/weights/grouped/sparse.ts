import type { FloatType } from '../../../core/model-spec.js';
import { ModelLoadError } from '../../load-error.js';
import { elements } from '../../elements.js';
import type { InputFiles } from '../input-files.js';
import type { ByteEncoding } from './bytes.js';
import { decodeCodes } from './codes.js';
import { evenGroups, type GroupedRows } from './grouped-rows.js';
import type { RowsToRead } from './layout.js';
import { partRows, type StoredPart } from './part.js';
import { type Block, blockNumbers } from './per-block.js';

/** A matrix of which only some numbers are stored, row after row; the others are 0. */
export interface SparsePacking {
  readonly kind: 'sparse';
  readonly encoding: FloatType | ByteEncoding;
  /** Of `scales`. */
  readonly block: Block;
  readonly parts: {
    /** `[stored]`, or `[out, stored of a row]`. */
    readonly codes: StoredPart;
    /** `[out, ceil(in / 8)]` u8: a bit for each number, the lowest first; it is stored where the bit is 1. */
    readonly mask: StoredPart;
    /** `[out]` i64: where each row's stored numbers begin; absent = every row has as many. */
    readonly offsets?: StoredPart;
    /** One for each block; absent = numbers are as they are. */
    readonly scales?: StoredPart;
  };
}

export function readSparse(
  files: InputFiles,
  packing: SparsePacking,
  range: RowsToRead,
): GroupedRows {
  const { block, parts } = packing;
  const { begin, end, columns } = range;
  const codes = sparseCodes(files, packing, range);
  const [height, width] = block;
  const groups = Math.ceil(columns / width);
  const rows = Array.from({ length: end - begin }, (_, i) => begin + i);
  const scales =
    parts.scales === undefined
      ? new Float32Array(rows.length * groups).fill(1)
      : blockNumbers(files, parts.scales, { rows, height, groups });
  return { codes, scales, zeros: null, groupOf: evenGroups(columns, width) };
}

function sparseCodes(
  files: InputFiles,
  { encoding, parts }: SparsePacking,
  { begin, end, columns }: RowsToRead,
): Float32Array {
  const mask = partRows(files, parts.mask, { begin, end });
  const places = placesOf(mask, end - begin, columns);
  const first = requireStart(files, parts, { begin, counts: places.counts });
  const size = parts.codes.byteLength / elements(parts.codes.shape);
  const bytes = new Uint8Array(places.at.length * size);
  files.read(parts.codes, first * size, bytes);
  const stored = decodeCodes(bytes, encoding, columns);
  const codes = new Float32Array((end - begin) * columns);
  for (let i = 0; i < stored.length; i++) {
    codes[places.at[i] as number] = stored[i] as number;
  }
  return codes;
}

interface Places {
  /** In the matrix of these rows. */
  readonly at: Uint32Array;
  /** How many each row has. */
  readonly counts: Uint32Array;
}

/** Where the bits of rows are set. */
function placesOf(mask: Uint8Array, rows: number, columns: number): Places {
  const bytesOfRow = Math.ceil(columns / 8);
  const at = new Uint32Array(rows * columns);
  const counts = new Uint32Array(rows);
  let found = 0;
  for (let row = 0; row < rows; row++) {
    const before = found;
    for (let column = 0; column < columns; column++) {
      const byte = mask[row * bytesOfRow + (column >> 3)] as number;
      if (((byte >> (column & 7)) & 1) === 1) at[found++] = row * columns + column;
    }
    counts[row] = found - before;
  }
  return { at: at.subarray(0, found), counts };
}

/** Where the first row's stored numbers begin. @throws ModelLoadError unless rows follow each other as their bits say */
function requireStart(
  files: InputFiles,
  parts: SparsePacking['parts'],
  { begin, counts }: { readonly begin: number; readonly counts: Uint32Array },
): number {
  const starts = startsOf(files, parts, begin, counts.length);
  const [first = 0] = starts;
  const total = elements(parts.codes.shape);
  let next = first;
  counts.forEach((count, row) => {
    const isThere = starts[row] === next && next >= 0;
    next += count;
    if (isThere && next <= total && next === (starts[row + 1] ?? next)) return;
    const { mask, codes } = parts;
    throw new ModelLoadError(
      'bad_checkpoint',
      `Tensor '${mask.name}' in ${mask.path} has other numbers in row ${begin + row} than '${codes.name}'.`,
    );
  });
  return first;
}

/** Of `count` rows, and of the one behind them where all are alike. */
function startsOf(
  files: InputFiles,
  { codes, offsets }: SparsePacking['parts'],
  begin: number,
  count: number,
): readonly number[] {
  if (offsets === undefined) {
    const [, ofRow = 0] = codes.shape;
    return Array.from({ length: count + 1 }, (_, row) => (begin + row) * ofRow);
  }
  const bytes = partRows(files, offsets, { begin, end: begin + count });
  return Array.from(new BigInt64Array(bytes.buffer), Number);
}
