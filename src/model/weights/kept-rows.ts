import { ModelLoadError } from '../load-error.js';
import { CODED_TYPES, isCoded } from './blocks/coded-blocks.js';
import { BLOCK_TYPES } from './blocks/registry.js';
import { evenGroups, joinedRows, rowOf, type GroupedRows } from './grouped/grouped-rows.js';
import { groupedRows } from './grouped/registry.js';
import type { InputFiles } from './input-files.js';
import { CODE_BITS, type KeptBlocks, MIDDLE } from './kept-blocks.js';
import { pairedRow, type BlockPacking, type StoredTensor, type ViewPacking } from './packing.js';
import { rowLength } from './stored-rows.js';
import { digitsOf, NO_DIGIT, numSumColumns, restScale, splitMinimum } from './sum-columns.js';
import { runsOf } from './view.js';

/** A matrix whose rows are kept; `columns` are those of the input, and those of its blocks' sums behind them. */
export interface KeptRows {
  /** u8 `[rows, blocks, blockSize / 2]`: two codes a byte, the earlier column in the low half. */
  readonly weight: Uint8Array;
  /** `[rows, blocks]`. */
  readonly scales: Float32Array;
  /** u8 `[rows, ceil(blocks / 2)]`, two a byte. */
  readonly zeroPoints: Uint8Array;
}

/** Columns behind those of the input. */
export function sumColumnsOf(width: number, { hasMinima, blockSize }: KeptBlocks): number {
  return hasMinima ? numSumColumns(width / blockSize) : 0;
}

/** Rows `[begin, end)` of a weight that `keptBlocks` has an answer for. @throws ModelLoadError */
export function readKeptRows(
  files: InputFiles,
  source: StoredTensor,
  blocks: KeptBlocks,
  { begin, end }: { readonly begin: number; readonly end: number },
): KeptRows {
  const { codes, scales, zeros, minima, groupOf } = storedRows(files, source, begin, end);
  const width = rowLength(source);
  const count = end - begin;
  const groups = scales.length / count;
  const { blockSize } = blocks;
  const columns = blocks.columns ?? Uint32Array.from({ length: width }, (_, column) => column);
  const rows = new RowsToFill(count, width + sumColumnsOf(width, blocks), blockSize);
  const code = (value: number): number => {
    const shifted = value + blocks.offset;
    if (Number.isInteger(shifted) && shifted >= 0 && shifted < 2 ** CODE_BITS) return shifted;
    const { name, path } = source;
    throw new ModelLoadError(
      'bad_checkpoint',
      `A code of '${name}' in ${path} is not one of ${2 ** CODE_BITS}.`,
    );
  };
  const rests = new Float32Array(width / blockSize);
  for (let row = 0; row < count; row++) {
    const first = row * width;
    for (let at = 0; at < width; at += 2) {
      const low = code(codes[first + (columns[at] as number)] as number);
      const high = code(codes[first + (columns[at + 1] as number)] as number);
      rows.pair(row, at, low, high);
    }
    for (let block = 0; block < rests.length; block++) {
      const group = row * groups + (groupOf[columns[block * blockSize] as number] as number);
      const scale = scales[group] as number;
      if (minima === undefined) {
        rows.block(row, block, scale, zeros === null ? MIDDLE : code(zeros[group] as number));
      } else {
        const { zero, rest } = splitMinimum(scale, minima[group] as number);
        rows.block(row, block, scale, zero);
        rests[block] = rest;
      }
    }
    if (minima !== undefined) addSums(rows, row, { rests, width });
  }
  return rows;
}

/** Fills in codes of four bits and what their blocks have; at first all is 0. */
class RowsToFill implements KeptRows {
  readonly weight: Uint8Array;
  readonly scales: Float32Array;
  readonly zeroPoints: Uint8Array;
  readonly #blocks: number;
  readonly #rowBytes: number;

  constructor(count: number, columns: number, blockSize: number) {
    this.#blocks = Math.ceil(columns / blockSize);
    this.#rowBytes = (this.#blocks * blockSize) / 2;
    this.weight = new Uint8Array(count * this.#rowBytes);
    this.scales = new Float32Array(count * this.#blocks);
    this.zeroPoints = new Uint8Array(count * Math.ceil(this.#blocks / 2));
  }

  /** The codes of an even column and the one behind it. */
  pair(row: number, column: number, low: number, high: number): void {
    this.weight[row * this.#rowBytes + (column >> 1)] = low | (high << CODE_BITS);
  }

  block(row: number, block: number, scale: number, zero: number): void {
    this.scales[row * this.#blocks + block] = scale;
    const at = row * Math.ceil(this.#blocks / 2) + (block >> 1);
    const other = this.zeroPoints[at] as number;
    this.zeroPoints[at] = other | (zero << (CODE_BITS * (block & 1)));
  }
}

/** The columns that multiply the sums of the input's blocks. */
function addSums(
  rows: RowsToFill,
  row: number,
  { rests, width }: { readonly rests: Float32Array; readonly width: number },
): void {
  const perBlock = width / rests.length / numSumColumns(1);
  for (let first = 0; first < rests.length; first += perBlock) {
    const some = rests.subarray(first, first + perBlock);
    const scale = restScale(some);
    rows.block(row, rests.length + first / perBlock, scale, NO_DIGIT);
    for (const [at, rest] of some.entries()) {
      const [coarse, fine] = digitsOf(rest, scale);
      rows.pair(row, width + numSumColumns(first + at), coarse, fine);
    }
  }
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
  if (packing.kind === 'blocks') return ggmlRows(files, source, packing, { begin, end });
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

function ggmlRows(
  files: InputFiles,
  source: StoredTensor,
  { encoding, pairedRows }: BlockPacking,
  { begin, end }: { readonly begin: number; readonly end: number },
): GroupedRows {
  if (!isCoded(encoding)) throw new Error(`This is a bug: ${encoding} has no codes.`);
  const type = CODED_TYPES[encoding];
  const { elements, bytes: blockBytes } = BLOCK_TYPES[encoding];
  const columns = rowLength(source);
  const { groupSize } = type;
  const groups = columns / groupSize;
  const count = end - begin;
  const bytes = new Uint8Array((columns / elements) * blockBytes);
  const rows = {
    codes: new Float32Array(count * columns),
    scales: new Float32Array(count * groups),
    minima: new Float32Array(count * groups),
  };
  for (let row = 0; row < count; row++) {
    const stored = pairedRows === null ? begin + row : pairedRow(begin + row, pairedRows);
    files.read(source, stored * bytes.length, bytes);
    for (let from = 0, at = row * groups; from < bytes.length; from += blockBytes) {
      type.read(bytes, from, rows, at);
      at += elements / groupSize;
    }
  }
  const { minima, ...codes } = rows;
  const groupOf = evenGroups(columns, groupSize);
  return { ...codes, ...(type.hasMinima && { minima }), zeros: null, groupOf };
}
