import t, { type Test } from 'tap';

import { openSource } from '../../../../../src/model/source/registry.js';
import { type Tensors, without } from './fixtures.js';
import { type Breakage, folderOf, halves, readWeight, words } from './one-module.js';

const IN = 32;
const OUT = 128;

/** Codes `[IN][OUT]` and scales `[groups][OUT]`. */
interface Matrix {
  readonly codes: readonly (readonly number[])[];
  readonly scales: readonly (readonly number[])[];
}

const MANY = matrixOf(2);
const ONE = matrixOf(1);

t.test('codes in the order of the Marlin kernel are read, piece by piece', async (t) => {
  for (const config of [
    { quant_method: 'gptq', bits: 4, group_size: 16, is_marlin_format: true },
    { quant_method: 'gptq', bits: 4, group_size: 16, checkpoint_format: 'marlin' },
    { quant_method: 'marlin', group_size: 16 },
  ]) {
    await readsAs(t, config, MANY);
  }
  await readsAs(t, { quant_method: 'marlin', group_size: -1 }, ONE);
});

const BROKEN: readonly Breakage[] = [
  ['no scales', {}, (tensors) => without(tensors, 's'), /\.s' is missing beside '/],
  [
    'scales of other outputs',
    {},
    (tensors) => ({ ...tensors, s: halves([2, 64]) }),
    /\.s' in .* has shape \[2, 64\], not \[2, 128\]: '.*\.B' has 128 outputs\.$/,
  ],
  [
    'scales of no groups',
    {},
    (tensors) => ({ ...tensors, s: halves([0, OUT]) }),
    /\.s' in .* has shape \[0, 128\], not \[1, 128\]/,
  ],
  [
    'half a tile',
    {},
    (tensors) => ({ ...tensors, B: words([2, 64]) }),
    /\.B' in .* has shape \[2, 64\]: it must have tiles of 16 inputs and 64 outputs\.$/,
  ],
  ['other bits', { bits: 8 }, (tensors) => tensors, /"bits" must be 4, got 8$/],
];

for (const [what, config, change, message] of BROKEN) {
  t.test(`${what}: a sentence`, async (t) => {
    const folder = await folderOf(
      t,
      { quant_method: 'marlin', group_size: 16, ...config },
      change(tensorsOf(MANY)),
    );
    await t.rejects(openSource(folder).weights(), { message });
  });
}

async function readsAs(t: Test, config: object, matrix: Matrix): Promise<void> {
  const folder = await folderOf(t, config, tensorsOf(matrix));
  const groupSize = IN / matrix.scales.length;
  const expected = Float32Array.from({ length: OUT * IN }, (_, i) => {
    const [out, input] = [Math.floor(i / IN), i % IN];
    const scale = matrix.scales[Math.floor(input / groupSize)]?.[out] ?? NaN;
    return ((matrix.codes[input]?.[out] ?? NaN) - 8) * scale;
  });
  for (const cuts of [
    [0, OUT],
    [0, 3, 70, OUT],
  ]) {
    const pieces = cuts.slice(1).map((end, i) => [cuts[i] ?? 0, end] as const);
    t.same(await readWeight(folder, [OUT, IN], pieces), expected, JSON.stringify(config));
  }
}

function matrixOf(groups: number): Matrix {
  const table = (rows: number, value: (row: number, column: number) => number): number[][] =>
    Array.from({ length: rows }, (_, row) => Array.from({ length: OUT }, (_, i) => value(row, i)));
  return {
    codes: table(IN, (row, column) => (row * 7 + column * 5 + row * column) % 16),
    scales: table(groups, (row, column) => (1 + ((row * 41 + column) % 97)) / 64),
  };
}

/** As AutoGPTQ's packer lists the places of a tile, taken 1,024 at a time, and those of scales. */
function tensorsOf({ codes, scales }: Matrix): Tensors {
  const flat = Array.from({ length: IN / 16 }, (_, tileRow) =>
    Array.from({ length: OUT / 16 }, (_, tile) =>
      codes
        .slice(16 * tileRow, 16 * (tileRow + 1))
        .map((row) => row.slice(16 * tile, 16 * (tile + 1))),
    ).flat(2),
  );
  const places = tilePlaces();
  const moved = flat.map((row) =>
    row.map((_, i) => row[i - (i % 1024) + (places[i % 1024] ?? NaN)] ?? NaN),
  );
  const packed = moved.flatMap((row) =>
    Array.from({ length: row.length / 8 }, (_, word) =>
      row.slice(8 * word, 8 * (word + 1)).reduce((sum, code, i) => sum + code * 16 ** i, 0),
    ),
  );
  const order =
    scales.length === 1
      ? [0, 1, 2, 3].flatMap((i) => [0, 1, 8, 9, 16, 17, 24, 25].map((j) => 2 * i + j))
      : [0, 1, 2, 3, 4, 5, 6, 7].flatMap((i) => [0, 8, 16, 24, 32, 40, 48, 56].map((j) => i + j));
  const size = order.length;
  const stored = scales.map((row) =>
    row.map((_, i) => row[i - (i % size) + (order[i % size] ?? NaN)] ?? NaN),
  );
  return {
    B: words([IN / 16, 2 * OUT], packed),
    s: halves([scales.length, OUT], Float32Array.from(stored.flat())),
  };
}

function tilePlaces(): number[] {
  const places: number[] = [];
  for (let i = 0; i < 32; i++) {
    const eight: number[] = [];
    for (const block of [0, 1]) {
      const pair = i % 4;
      for (const row of [2 * pair, 2 * pair + 1, 2 * (pair + 4), 2 * (pair + 4) + 1]) {
        eight.push(16 * row + Math.floor(i / 4) + 8 * block);
      }
    }
    for (let j = 0; j < 4; j++) places.push(...eight.map((place) => place + 256 * j));
  }
  return places.map(
    (_, i) => places[i - (i % 8) + ([0, 2, 4, 6, 1, 3, 5, 7][i % 8] ?? NaN)] ?? NaN,
  );
}
