import { ModelLoadError } from '../../load-error.js';
import type { InputFiles } from '../input-files.js';
import { type CodeEncoding, decodeCodes, type PackedInts } from './codes.js';
import { evenGroups, type GroupedRows } from './grouped-rows.js';
import type { RowsToRead } from './layout.js';
import { floatsOf, partBytes, partRows, type StoredPart } from './part.js';
import { roundCodes, type Rounding } from './rounding.js';
import { type Block, blockNumbers, packedBlockNumbers, type RowsInBlocks } from './per-block.js';

/** A code for each number, the rows one behind the other, and a scale for each block of the matrix. */
export interface ScaledPacking {
  readonly kind: 'scaled';
  readonly encoding: CodeEncoding;
  /** What is stored are weights that codes are yet to be made of, by rounding to this; absent = codes. */
  readonly rounding?: Rounding;
  readonly block: Block;
  /** Stored scales are this many times as large; absent = 1. */
  readonly scaledBy?: number;
  /** The stored rows that the matrix has: `first`, and then every `step`-th; absent = all. */
  readonly rows?: { readonly first: number; readonly step: number };
  /** Zeros are packed as these are, along the rows of a column; absent = each has its own element. */
  readonly packedZeros?: PackedInts;
  readonly parts: {
    /** Its first dimension is the stored rows. */
    readonly codes: StoredPart;
    /** One for each block: `[ceil(out / rows), ceil(in / columns)]`, or the same count in another shape. */
    readonly scales: StoredPart;
    /** As `scales`; packed ones `[words, ceil(in / columns)]`. Absent = all are 0. */
    readonly zeros?: StoredPart;
    /** One float, which multiplies all scales before they multiply anything. */
    readonly factor?: StoredPart;
    /** One float, which divides all scales. */
    readonly divisor?: StoredPart;
    /** `[in]` i32: the group of each column, where groups are not one behind the other. */
    readonly groupOf?: StoredPart;
  };
}

export function readScaled(
  files: InputFiles,
  packing: ScaledPacking,
  { begin, end, columns }: RowsToRead,
): GroupedRows {
  const { encoding, block, parts, packedZeros } = packing;
  const { first, step } = packing.rows ?? { first: 0, step: 1 };
  const rows = Array.from({ length: end - begin }, (_, i) => first + step * (begin + i));
  const [height, width] = block;
  const groups = Math.ceil(columns / width);
  const read = { rows, height, groups };
  const bytes = bytesOfRows(files, parts.codes, { rows, step });
  const scales = scaleBy(files, blockNumbers(files, parts.scales, read), packing);
  const grouped = {
    codes: decodeCodes(bytes, encoding, columns),
    scales,
    zeros: parts.zeros === undefined ? null : readZeros(files, parts.zeros, read, packedZeros),
    groupOf: groupsOfScaled(files, packing, columns),
  };
  if (packing.rounding !== undefined) roundCodes(grouped, packing.rounding);
  return grouped;
}

/** `[columns]`: the group of each column. @throws ModelLoadError on a group that is none */
export function groupsOfScaled(
  files: InputFiles,
  { parts: { groupOf }, block: [, width] }: ScaledPacking,
  columns: number,
): Uint32Array {
  if (groupOf === undefined) return evenGroups(columns, width);
  return readGroups(files, groupOf, { groups: Math.ceil(columns / width), width });
}

/** The bytes of `rows`, one of `step`. */
function bytesOfRows(
  files: InputFiles,
  part: StoredPart,
  { rows, step }: { readonly rows: readonly number[]; readonly step: number },
): Uint8Array {
  const first = rows[0] ?? 0;
  const end = (rows.at(-1) ?? -1) + 1;
  const between = partRows(files, part, { begin: first, end });
  if (step === 1) return between;
  const size = between.length / (end - first);
  const bytes = new Uint8Array(rows.length * size);
  for (let i = 0; i < rows.length; i++) {
    bytes.set(between.subarray(i * step * size, (i * step + 1) * size), i * size);
  }
  return bytes;
}

/** Rounded to f32, as the makers' own arithmetic is. */
function scaleBy(
  files: InputFiles,
  scales: Float32Array,
  { scaledBy = 1, parts: { factor, divisor } }: ScaledPacking,
): Float32Array {
  for (let i = 0; scaledBy !== 1 && i < scales.length; i++) {
    scales[i] = (scales[i] as number) / scaledBy;
  }
  if (factor !== undefined) {
    const by = readOne(files, factor);
    for (let i = 0; i < scales.length; i++) scales[i] = (scales[i] as number) * by;
  }
  if (divisor !== undefined) {
    const by = readOne(files, divisor);
    for (let i = 0; i < scales.length; i++) scales[i] = (scales[i] as number) / by;
  }
  return scales;
}

function readOne(files: InputFiles, part: StoredPart): number {
  return floatsOf(part, partBytes(files, part))[0] as number;
}

function readZeros(
  files: InputFiles,
  part: StoredPart,
  read: RowsInBlocks,
  packed: PackedInts | undefined,
): Float32Array {
  if (packed === undefined) return blockNumbers(files, part, read);
  return packedBlockNumbers(files, part, { ...read, packed });
}

function readGroups(
  files: InputFiles,
  part: StoredPart,
  { groups, width }: { readonly groups: number; readonly width: number },
): Uint32Array {
  const stored = new Int32Array(partBytes(files, part).buffer);
  // What compressed-tensors writes where no order was found.
  if (stored.includes(-1)) return evenGroups(stored.length, width);
  const wrong = stored.findIndex((group) => group < 0 || group >= groups);
  if (wrong >= 0) {
    throw new ModelLoadError(
      'bad_checkpoint',
      `Tensor '${part.name}' in ${part.path} puts column ${wrong} into group ${String(stored[wrong])} of ${groups}.`,
    );
  }
  return Uint32Array.from(stored);
}
