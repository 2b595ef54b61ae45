import type { Tensors } from './fixtures.js';
import { halves, words } from './one-module.js';

export const OUT = 64;
export const IN = 96;
export const GROUP = 32;
export const GROUPS = IN / GROUP;

/** A matrix `[OUT, IN]` before its codes are packed. */
export interface Matrix {
  readonly bits: number;
  /** `[IN][OUT]`. */
  readonly codes: readonly (readonly number[])[];
  /** `[GROUPS][OUT]`. */
  readonly zeros: readonly (readonly number[])[];
  readonly scales: Float32Array;
  /** `[IN]`. */
  readonly groupOf: readonly number[];
}

export function randomMatrix(bits: number, groupOf: readonly number[] = inOrder()): Matrix {
  const range = 2 ** bits;
  const table = (rows: number, seed: number): number[][] =>
    Array.from({ length: rows }, (_, row) =>
      Array.from(
        { length: OUT },
        (_, column) => (row * 31 + column * 17 + seed * row * column) % range,
      ),
    );
  const scales = Float32Array.from({ length: GROUPS * OUT }, (_, i) => (1 + (i % 13)) / 64);
  // What is taken from them is never more than they are.
  const zeros = table(GROUPS, 5).map((row) =>
    row.map((zero) => Math.max(zero, bits === 8 ? 17 : 1)),
  );
  return { bits, codes: table(IN, 3), zeros, scales, groupOf };
}

export function inOrder(): number[] {
  return Array.from({ length: IN }, (_, i) => Math.floor(i / GROUP));
}

/** Groups whose inputs are all over the row. */
export function shuffled(seed: number): number[] {
  return Array.from({ length: IN }, (_, i) => ((i * 7 + seed) % IN) % GROUPS);
}

/** `[OUT, IN]`. */
export function weightOf({ codes, zeros, scales, groupOf }: Matrix): Float32Array {
  const weight = new Float32Array(OUT * IN);
  for (let out = 0; out < OUT; out++) {
    for (const [input, group] of groupOf.entries()) {
      const difference = (codes[input]?.[out] ?? NaN) - (zeros[group]?.[out] ?? NaN);
      weight[out * IN + input] = difference * (scales[group * OUT + out] ?? NaN);
    }
  }
  return weight;
}

type Packer = (numbers: readonly number[], bits: number) => number[];

/** GPTQ's tensors; each stored zero is less by `shift`. */
export function gptqTensors(matrix: Matrix, shift: number, pack: Packer = stream): Tensors {
  const { bits, codes, zeros, groupOf } = matrix;
  const columns = Array.from({ length: OUT }, (_, out) =>
    pack(
      codes.map((row) => row[out] ?? NaN),
      bits,
    ),
  );
  const numWords = columns[0]?.length ?? 0;
  const qweight = Array.from({ length: numWords }, (_, word) => columns.map((c) => c[word] ?? NaN));
  const qzeros = zeros.map((row) => row.map((zero) => zero - shift));
  return {
    qweight: words([numWords, OUT], qweight.flat()),
    qzeros: words(
      [GROUPS, (OUT * bits) / 32],
      qzeros.flatMap((row) => pack(row, bits)),
    ),
    scales: halves([GROUPS, OUT], matrix.scales),
    g_idx: words([IN], groupOf),
  };
}

export function awqTensors({ codes, zeros, scales }: Matrix): Tensors {
  const pack = (row: readonly number[]): number[] => {
    const order = [0, 2, 4, 6, 1, 3, 5, 7];
    const moved = row.map((_, i) => row[i - (i % 8) + (order[i % 8] ?? 0)] ?? NaN);
    return stream(moved, 4);
  };
  return {
    qweight: words([IN, OUT / 8], codes.flatMap(pack)),
    qzeros: words([GROUPS, OUT / 8], zeros.flatMap(pack)),
    scales: halves([GROUPS, OUT], scales),
  };
}

/** Outputs first, zeros and scales in rows of eight. */
export function awqRows({ codes, zeros, scales }: Matrix): Tensors {
  const columns = Array.from({ length: OUT }, (_, out) => out);
  const numbers = (table: Matrix['codes'], out: number): number[] =>
    table.map((row) => row[out] ?? NaN);
  const filled = (values: readonly number[]): number[] => [...values, 9, 9, 9, 9, 9].slice(0, 8);
  return {
    qweight: words(
      [OUT, IN / 8],
      columns.flatMap((out) => stream(numbers(codes, out), 4)),
    ),
    qzeros: words(
      [OUT, 1],
      columns.flatMap((out) => stream(filled(numbers(zeros, out)), 4)),
    ),
    scales: halves(
      [OUT, 8],
      Float32Array.from(
        columns.flatMap((out) => filled(zeros.map((_, group) => scales[group * OUT + out] ?? NaN))),
      ),
    ),
  };
}

/** One number behind the other, the lowest bit first. */
export function stream(numbers: readonly number[], bits: number): number[] {
  return wordsOfBits(numbers.map((number) => lowFirst(number, bits)).join(''));
}

/** Of each 32 numbers four bits (of three: two), then two, then one. */
export function planes(numbers: readonly number[], bits: number): number[] {
  const widths = { 3: [2, 1], 5: [4, 1], 6: [4, 2], 7: [4, 2, 1] }[bits] ?? [bits];
  const blocks = Array.from({ length: numbers.length / 32 }, (_, i) =>
    numbers.slice(32 * i, 32 * (i + 1)).map((number) => lowFirst(number, bits)),
  );
  const text = blocks.map((block) => {
    let at = 0;
    return widths.map((width) => {
      at += width;
      return block.map((number) => number.slice(at - width, at)).join('');
    });
  });
  return wordsOfBits(text.flat().join(''));
}

function lowFirst(number: number, bits: number): string {
  return Array.from(number.toString(2).padStart(bits, '0')).reverse().join('');
}

function wordsOfBits(text: string): number[] {
  return (text.match(/.{32}/g) ?? []).map((word) =>
    parseInt(Array.from(word).reverse().join(''), 2),
  );
}
