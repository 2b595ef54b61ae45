import type { BlockSize } from '../../target.js';
import { gridOf, nearestCode, packNibbles, type ZeroBlocks } from '../zero-blocks.js';
import { type Products, wholeMatrix } from './products.js';

/** Columns that are rounded one behind the other in JavaScript, before the runtime tells the others of their errors. */
const STEP = 32;

/** How the inputs of a linear go together, and the blocks that its rows are rounded in. */
export interface RoundingRule {
  /** Unit lower triangle L of `L D Lᵀ`, the sums of products of inputs: see {@link factorUnitLower}. `[width, width]` */
  readonly lower: Float32Array;
  readonly width: number;
  readonly blockSize: BlockSize;
}

/**
 * Rounds rows `weights [rows, width]` to four bits, the last column first, and each column so that it makes good what
 * the columns behind it did wrong (GPTQ, arXiv 2210.17323, in the form of LDLQ, arXiv 2307.13304): column k becomes the
 * code nearest to `w_k + Σ_{j>k} e_j L_jk`, where `e_j` is what rounding took from column j.
 */
export async function roundRows(
  products: Products,
  weights: Float32Array,
  rule: RoundingRule,
): Promise<ZeroBlocks> {
  const { width, blockSize } = rule;
  const rows = weights.length / width;
  const blocks = width / blockSize;
  const rounding: Rounding = {
    weights,
    rows,
    // A column's errors lie side by side: what the runtime is given of them is never copied.
    errors: new Float32Array(width * rows),
    codes: new Uint8Array(rows * width),
    scales: new Float32Array(rows * blocks),
    zeros: new Uint8Array(rows * blocks),
  };
  const wanted = new Float32Array(rows * blockSize);
  for (let block = blocks - 1; block >= 0; block--) {
    const begin = block * blockSize;
    const range = { begin, end: begin + blockSize };
    await feedback(products, rounding, rule, { ...range, from: range.end }, wanted);
    addColumns(rounding, rule, range, wanted);
    chooseGrids(rounding, rule, block, wanted);
    await roundBlock(products, rounding, rule, block, wanted);
  }
  return packed(rounding, rule);
}

interface Rounding {
  readonly weights: Float32Array;
  readonly rows: number;
  /** `[width, rows]`: weight minus what it became. */
  readonly errors: Float32Array;
  /** `[rows, width]` */
  readonly codes: Uint8Array;
  /** `[rows, width / blockSize]` */
  readonly scales: Float32Array;
  readonly zeros: Uint8Array;
}

/** Columns `[begin, end)`, and the first of those behind them whose errors are to be made good. */
interface Range {
  readonly begin: number;
  readonly end: number;
  readonly from: number;
}

/** `[rows, end - begin]` into `out`: what the errors of the columns from `from` to the end of `until` ask for. */
async function feedback(
  products: Products,
  { errors, rows }: Rounding,
  { lower, width }: RoundingRule,
  { begin, end, from }: Range,
  out: Float32Array,
  until = width,
): Promise<void> {
  if (from === until) {
    out.fill(0);
    return;
  }
  await products.leftTransposed(
    wholeMatrix(errors.subarray(from * rows, until * rows), rows),
    { data: lower.subarray(from * width, until * width), width, begin, end },
    out,
  );
}

/** Adds the weights of the columns. */
function addColumns(
  { weights, rows }: Rounding,
  { width }: RoundingRule,
  { begin, end }: Pick<Range, 'begin' | 'end'>,
  out: Float32Array,
): void {
  const columns = end - begin;
  for (let row = 0; row < rows; row++) {
    const from = row * width + begin;
    for (let i = 0; i < columns; i++) {
      const at = row * columns + i;
      out[at] = (out[at] as number) + (weights[from + i] as number);
    }
  }
}

/** By what the weights of a block are to become, as far as it is known before the first is rounded. */
function chooseGrids(
  { rows, scales, zeros }: Rounding,
  { width, blockSize }: RoundingRule,
  block: number,
  wanted: Float32Array,
): void {
  const blocks = width / blockSize;
  for (let row = 0; row < rows; row++) {
    const grid = gridOf(wanted, row * blockSize, (row + 1) * blockSize);
    scales[row * blocks + block] = grid.scale;
    zeros[row * blocks + block] = grid.zero;
  }
}

/** Rounds a block in steps, the last first. `wanted [rows, blockSize]` knows of the errors behind the block. */
async function roundBlock(
  products: Products,
  rounding: Rounding,
  rule: RoundingRule,
  block: number,
  wanted: Float32Array,
): Promise<void> {
  const { blockSize } = rule;
  const first = block * blockSize;
  const last = first + blockSize;
  const size = Math.min(STEP, blockSize);
  const within = new Float32Array(rounding.rows * size);
  for (let begin = last - size; begin >= first; begin -= size) {
    const range = { begin, end: begin + size, from: begin + size };
    await feedback(products, rounding, rule, range, within, last);
    roundStep(rounding, rule, { block, begin, size }, wanted, within);
  }
}

interface Step {
  readonly block: number;
  readonly begin: number;
  readonly size: number;
}

/** Rows whose sums are taken side by side: each waits for its own last term. */
const LANES = 4;

/** Some rows after others, each from its last column to its first. */
function roundStep(
  rounding: Rounding,
  { lower, width, blockSize }: RoundingRule,
  { block, begin, size }: Step,
  wanted: Float32Array,
  within: Float32Array,
): void {
  const { weights, rows, errors, codes, scales, zeros } = rounding;
  const blocks = width / blockSize;
  const offset = begin - block * blockSize;
  const factors = factorsOf(lower, width, begin, size);
  const found = new Float64Array(LANES * size);
  const sums = new Float64Array(LANES);
  for (let first = 0; first < rows; first += LANES) {
    for (let k = size - 1; k >= 0; k--) {
      addFound(found, factors, { k, size }, sums);
      for (let lane = 0; lane < LANES; lane++) {
        // The last row may stand there more than once, with the same result.
        const row = Math.min(rows - 1, first + lane);
        const scale = scales[row * blocks + block] as number;
        const zero = zeros[row * blocks + block] as number;
        const target =
          (sums[lane] as number) +
          (wanted[row * blockSize + offset + k] as number) +
          (within[row * size + k] as number);
        const code = nearestCode(target / scale + zero);
        const at = row * width + begin + k;
        codes[at] = code;
        const error = (weights[at] as number) - (code - zero) * scale;
        found[lane * size + k] = error;
        errors[(begin + k) * rows + row] = error;
      }
    }
  }
}

/** Into `sums`: what the errors that a step has found so far ask of column k, for each lane. */
function addFound(
  found: Float64Array,
  factors: Float64Array,
  { k, size }: { readonly k: number; readonly size: number },
  sums: Float64Array,
): void {
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let j = k + 1; j < size; j++) {
    const factor = factors[k * size + j] as number;
    a += (found[j] as number) * factor;
    b += (found[size + j] as number) * factor;
    c += (found[2 * size + j] as number) * factor;
    d += (found[3 * size + j] as number) * factor;
  }
  sums[0] = a;
  sums[1] = b;
  sums[2] = c;
  sums[3] = d;
}

/** `[size, size]`: of column k (row of this) what each column j behind it gives. */
function factorsOf(lower: Float32Array, width: number, begin: number, size: number): Float64Array {
  const factors = new Float64Array(size * size);
  for (let j = 0; j < size; j++) {
    for (let k = 0; k < j; k++) {
      factors[k * size + j] = lower[(begin + j) * width + begin + k] as number;
    }
  }
  return factors;
}

/** As `MatMulNBits` has them. */
function packed({ codes, scales, zeros }: Rounding, rule: RoundingRule): ZeroBlocks {
  const blocks = rule.width / rule.blockSize;
  return { weight: packNibbles(codes, rule.width), scales, zeroPoints: packNibbles(zeros, blocks) };
}
