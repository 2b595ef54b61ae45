import { ModelLoadError } from '../load-error.js';
import { codesOfQ4, Q4_0 } from './blocks/simple-blocks.js';
import {
  columnsByGroup,
  evenGroups,
  joinedRows,
  rowOf,
  type GroupedRows,
} from './grouped/grouped-rows.js';
import { groupedRows } from './grouped/registry.js';
import { groupsOfScaled } from './grouped/scaled.js';
import { groupsOfWords } from './grouped/words.js';
import type { InputFiles } from './input-files.js';
import {
  pairedRow,
  type BlockPacking,
  type Packing,
  type StoredTensor,
  type ViewPacking,
} from './packing.js';
import { rowLength } from './stored-rows.js';
import { runsOf } from './view.js';

/** Stored codes of at most four bits, in blocks that the runtime multiplies as they are. */
export interface KeptBlocks {
  /** Columns that share a scale and a zero. */
  readonly blockSize: number;
  /** What makes codes and zeros of the stored ones: from 0 to 15. */
  readonly offset: number;
  readonly hasZeros: boolean;
  /** `[in]`: the stored column of each kept one, so that those of a group lie side by side; null = as stored. */
  readonly columns: Uint32Array | null;
}

/** What `MatMulNBits` takes, the largest first. A wider group is several blocks with one scale. */
const BLOCK_SIZES = [128, 64, 32, 16] as const;
const CODE_BITS = 4;
/** Half of a code's range: where signed codes have their zero. */
const MIDDLE = 8;

/** How a weight of so many columns can stay as it is stored; null = it cannot. @throws ModelLoadError */
export function keptBlocks(
  files: InputFiles,
  packing: Packing | null,
  width: number,
): KeptBlocks | null {
  switch (packing?.kind) {
    case 'blocks':
      return packing.encoding === 'Q4_0' && packing.plus === 0 && isInItsOrder(packing)
        ? { blockSize: Q4_0.elements, offset: 0, hasZeros: false, columns: null }
        : null;
    case 'words':
      if (packing.bits > CODE_BITS) return null;
      return inGroups(groupsOfWords(files, packing, width), { offset: 0, hasZeros: true });
    case 'word-rows': {
      const { bits, groupSize } = packing;
      if (bits > CODE_BITS) return null;
      return inGroups(evenGroups(width, groupSize), { offset: 0, hasZeros: true });
    }
    case 'marlin': {
      const groups = evenGroups(width, packing.groupSize);
      return inGroups(groups, { offset: MIDDLE, hasZeros: false });
    }
    case 'scaled': {
      const { encoding, parts, rounding } = packing;
      if (rounding !== undefined) return null;
      if (typeof encoding !== 'object' || encoding.bits > CODE_BITS) return null;
      const hasZeros = parts.zeros !== undefined;
      return inGroups(groupsOfScaled(files, packing, width), { offset: MIDDLE, hasZeros });
    }
    case 'view':
      return packing.along === 'rows' ? keptBlocks(files, packing.of.packing, width) : null;
    default:
      return null;
  }
}

/** Runs in another order are read as numbers alone. */
function isInItsOrder({ rowRuns, columnRuns, turnedColumns }: BlockPacking): boolean {
  return rowRuns === undefined && columnRuns === undefined && turnedColumns === undefined;
}

function inGroups(
  groupOf: Uint32Array,
  codes: Pick<KeptBlocks, 'offset' | 'hasZeros'>,
): KeptBlocks | null {
  const { columns, ends } = columnsByGroup(groupOf);
  const blockSize = BLOCK_SIZES.find((block) => ends.every((end) => end % block === 0));
  if (blockSize === undefined) return null;
  const isStored = columns.every((column, at) => column === at);
  return { blockSize, ...codes, columns: isStored ? null : columns };
}

/** A matrix whose rows are kept. */
export interface KeptRows {
  /** u8 `[rows, in / 2]`: two codes a byte, the earlier column in the low half. */
  readonly weight: Uint8Array;
  /** `[rows, in / blockSize]`. */
  readonly scales: Float32Array;
  /** u8 `[rows, ceil(in / blockSize / 2)]`, two a byte. */
  readonly zeroPoints: Uint8Array;
}

/** Rows `[begin, end)` of a weight that {@link keptBlocks} has an answer for. @throws ModelLoadError */
export function readKeptRows(
  files: InputFiles,
  source: StoredTensor,
  blocks: KeptBlocks,
  { begin, end }: { readonly begin: number; readonly end: number },
): KeptRows {
  const { codes, scales, zeros, groupOf } = storedRows(files, source, begin, end);
  const width = rowLength(source);
  const rows = end - begin;
  const blocksOfRow = width / blocks.blockSize;
  const groups = scales.length / rows;
  const columns = blocks.columns ?? Uint32Array.from({ length: width }, (_, column) => column);
  const kept: KeptRows = {
    weight: new Uint8Array((rows * width) / 2),
    scales: new Float32Array(rows * blocksOfRow),
    zeroPoints: new Uint8Array(rows * Math.ceil(blocksOfRow / 2)),
  };
  const code = (value: number): number => {
    const shifted = value + blocks.offset;
    if (Number.isInteger(shifted) && shifted >= 0 && shifted < 2 ** CODE_BITS) return shifted;
    const { name, path } = source;
    throw new ModelLoadError(
      'bad_checkpoint',
      `A code of '${name}' in ${path} is not one of ${2 ** CODE_BITS}.`,
    );
  };
  for (let row = 0; row < rows; row++) {
    const first = row * width;
    const codeAt = (at: number): number => code(codes[first + (columns[at] as number)] as number);
    for (let at = 0; at < width; at += 2) {
      kept.weight[(first + at) >> 1] = codeAt(at) | (codeAt(at + 1) << CODE_BITS);
    }
    for (let block = 0; block < blocksOfRow; block++) {
      const column = columns[block * blocks.blockSize] as number;
      const group = row * groups + (groupOf[column] as number);
      kept.scales[row * blocksOfRow + block] = scales[group] as number;
      const zero = zeros === null ? MIDDLE : code(zeros[group] as number);
      const at = row * Math.ceil(blocksOfRow / 2) + (block >> 1);
      kept.zeroPoints[at] = (kept.zeroPoints[at] as number) | (zero << (CODE_BITS * (block & 1)));
    }
  }
  return kept;
}

function storedRows(
  files: InputFiles,
  source: StoredTensor,
  begin: number,
  end: number,
): GroupedRows {
  const { packing, name } = source;
  if (packing === null || packing.kind === 'given')
    throw new Error(`This is a bug: '${name}' has no codes.`);
  if (packing.kind === 'blocks') return q4Rows(files, source, packing, { begin, end });
  if (packing.kind === 'view') {
    return viewedRows(files, packing, begin, end);
  }
  return groupedRows(files, packing, { begin, end, columns: rowLength(source) });
}

/** Rows of the runs that a view has, in its order. */
function viewedRows(
  files: InputFiles,
  { of, lines }: ViewPacking,
  begin: number,
  end: number,
): GroupedRows {
  const parts: GroupedRows[] = [];
  for (const run of runsOf(lines, begin, end)) {
    if (lines.order === null) {
      const line = run.line + (run.begin % lines.run);
      parts.push(storedRows(files, of, line, line + run.end - run.begin));
      continue;
    }
    const whole = storedRows(files, of, run.line, run.line + lines.run);
    for (let row = run.begin; row < run.end; row++) {
      const inRun = row % lines.run;
      parts.push(rowOf(whole, lines.order[inRun] as number));
    }
  }
  return joinedRows(parts);
}

function q4Rows(
  files: InputFiles,
  source: StoredTensor,
  { pairedRows }: BlockPacking,
  { begin, end }: { readonly begin: number; readonly end: number },
): GroupedRows {
  const columns = rowLength(source);
  const groups = columns / Q4_0.elements;
  const bytes = new Uint8Array(groups * Q4_0.bytes);
  const codes = new Float32Array((end - begin) * columns);
  const scales = new Float32Array((end - begin) * groups);
  for (let row = begin; row < end; row++) {
    const stored = pairedRows === null ? row : pairedRow(row, pairedRows);
    files.read(source, stored * bytes.length, bytes);
    for (let group = 0; group < groups; group++) {
      const from = group * Q4_0.bytes;
      const to = (row - begin) * columns + group * Q4_0.elements;
      scales[(row - begin) * groups + group] = codesOfQ4(bytes, from, codes, to);
    }
  }
  return { codes, scales, zeros: null, groupOf: evenGroups(columns, Q4_0.elements) };
}
