import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';

import type { CheckpointTensor } from '../../../../../src/model/source/checkpoint.js';
import { openSource } from '../../../../../src/model/source/registry.js';
import { findWeight } from '../../../../../src/model/weights/find-weight.js';
import { InputFiles } from '../../../../../src/model/weights/input-files.js';
import { readFloats } from '../../../../../src/model/weights/stored-rows.js';
import { encodeF16 } from '../../../../../src/model/weights/floats.js';
import { f32, safetensorsFile, type FileTensor } from '../../safetensors-file.js';

const OUT = 64;
const IN = 96;
const GROUP = 32;
const GROUPS = IN / GROUP;
const NAME = 'model.layers.0.mlp.up_proj';

type Tensors = Readonly<Record<string, FileTensor>>;

/** A matrix `[OUT, IN]` before its codes are packed. */
interface Matrix {
  readonly bits: number;
  /** `[IN][OUT]`. */
  readonly codes: readonly (readonly number[])[];
  /** `[GROUPS][OUT]`. */
  readonly zeros: readonly (readonly number[])[];
  readonly scales: Float32Array;
  /** `[IN]`. */
  readonly groupOf: readonly number[];
}

for (const bits of [2, 3, 4, 8]) {
  for (const format of ['gptq', 'gptq_v2']) {
    t.test(`${format}: codes of ${bits} bits in a stream are read, piece by piece`, async (t) => {
      const matrix = randomMatrix(bits, shuffled(bits));
      const config = { checkpoint_format: format, bits, group_size: GROUP, desc_act: true };
      await readsAs(t, config, gptqTensors(matrix, format === 'gptq' ? 1 : 0), matrix);
    });
  }
}

for (const bits of [3, 5, 6, 7, 8]) {
  t.test(`gptq_p: codes of ${bits} bits in planes are read`, async (t) => {
    const matrix = randomMatrix(bits);
    const config = { checkpoint_format: 'gptq_p', bits, group_size: GROUP };
    const tensors = gptqTensors(matrix, 0, bits === 8 ? stream : planes);
    await readsAs(t, config, tensors, matrix);
  });
}

t.test(
  'inputs without a written order are in groups as the config says, or even ones',
  async (t) => {
    const matrix = randomMatrix(4);
    const tensors = without(gptqTensors(matrix, 1), 'g_idx');
    for (const group_size of [GROUP, 2 * GROUP, -1]) {
      await readsAs(t, { group_size, bits: 4 }, tensors, matrix);
    }
    const uneven = { ...matrix, groupOf: matrix.codes.map((_, i) => Math.floor(i / 40)) };
    await readsAs(t, { group_size: 40, bits: 4 }, tensors, uneven);
  },
);

t.test('zeros come back as the version of GPTQModel stored them', async (t) => {
  const matrix = randomMatrix(8);
  const meta = (quantizer: unknown) => ({ bits: 4, group_size: GROUP, meta: { quantizer } });
  // 0x11 of each byte, one of four bits twice.
  for (const quantizer of [['optimum:1.24.0', 'gptqmodel:2.2.0'], 'gptqmodel:7.3.1-dev']) {
    await readsAs(t, meta(quantizer), gptqTensors(matrix, 0x11), matrix);
  }
  for (const quantizer of [['gptqmodel:7.3.2'], ['gptqmodel:10.0.0'], 'auto_gptq:0.7.1', null]) {
    await readsAs(t, meta(quantizer), gptqTensors(matrix, 1), matrix);
  }
});

t.test('awq: eight outputs in a word are read, piece by piece', async (t) => {
  const matrix = randomMatrix(4);
  for (const config of [
    { quant_method: 'awq', bits: 4, group_size: GROUP, version: 'gemm', zero_point: true },
    { quant_method: 'awq', w_bit: 4, q_group_size: GROUP, version: 'GEMM' },
    { quant_method: 'awq', bits: 4, group_size: GROUP, checkpoint_format: 'gemm' },
  ]) {
    await readsAs(t, config, awqTensors(matrix), matrix);
  }
});

t.test('auto-round: codes are read in the order that it names', async (t) => {
  const matrix = randomMatrix(4);
  const config = { bits: 4, group_size: GROUP, data_type: 'int', act_bits: 16 };
  for (const quant_method of ['auto-round', 'intel/auto-round']) {
    for (const [packing_format, tensors] of [
      ['auto_round', gptqTensors(matrix, 0)],
      ['auto_round:gptqmodel', gptqTensors(matrix, 0)],
      ['auto_round:auto_gptq', without(gptqTensors(matrix, 1), 'g_idx')],
      ['auto_round:auto_awq', awqTensors(matrix)],
    ] as const) {
      await readsAs(t, { ...config, quant_method, packing_format }, tensors, matrix);
    }
  }
});

t.test('a tool says in a file of its own what config.json does not', async (t) => {
  const matrix = randomMatrix(4);
  for (const [file, own, tensors] of [
    ['quantize_config.json', { bits: 4, group_size: GROUP }, gptqTensors(matrix, 1)],
    ['quant_config.json', { w_bit: 4, q_group_size: GROUP, version: 'GEMM' }, awqTensors(matrix)],
  ] as const) {
    const folder = await folderOf(t, null, tensors);
    await t.rejects(readWeight(folder, [OUT, IN], [[0, OUT]]), { message: /weight' is missing/ });
    await writeFile(join(folder, file), JSON.stringify(own));
    t.same(await readWeight(folder, [OUT, IN], [[0, OUT]]), weightOf(matrix));
  }
  const values = f32([1, 1], [1]);
  const plain = await folderOf(t, null, { weight: values });
  await writeFile(join(plain, 'quant_config.json'), JSON.stringify({ w_bit: 3 }));
  t.same(await readWeight(plain, [1, 1], [[0, 1]]), Float32Array.of(1), 'nothing is packed');
});

t.test('modules with a plain weight stay as they are', async (t) => {
  const values = Float32Array.from({ length: 6 }, (_, i) => i);
  for (const quant_method of ['gptq', 'awq', 'bitsandbytes']) {
    const folder = await folderOf(t, { quant_method, bits: 4 }, { weight: f32([2, 3], values) });
    t.same(await readWeight(folder, [2, 3], [[0, 2]]), values);
  }
});

const GPTQ = { bits: 4, group_size: GROUP };
const AWQ = { quant_method: 'awq', ...GPTQ };

const BROKEN: readonly [
  what: string,
  config: object,
  change: (tensors: Tensors) => Tensors,
  message: RegExp,
][] = [
  ['no codes', GPTQ, (tensors) => without(tensors, 'qweight'), /qweight' is missing beside '/],
  ['no zeros', GPTQ, (tensors) => without(tensors, 'qzeros'), /qzeros' is missing beside '/],
  ['no scales', AWQ, (tensors) => without(tensors, 'scales'), /scales' is missing beside '/],
  [
    'an order that is not written',
    { ...GPTQ, desc_act: true },
    (tensors) => without(tensors, 'g_idx'),
    /g_idx' is missing beside '/,
  ],
  [
    'a scale for other outputs',
    GPTQ,
    (tensors) => ({ ...tensors, scales: halves([GROUPS, OUT - 8]) }),
    /scales' in .* has shape \[3, 56\], not \[3, 64\]: '.*qweight' has 64 outputs\.$/,
  ],
  [
    'zeros of other groups',
    AWQ,
    (tensors) => ({ ...tensors, qzeros: words([GROUPS + 1, 8]) }),
    /qzeros' in .* has shape \[4, 8\], not \[3, 8\]/,
  ],
  [
    'zeros of no bits',
    GPTQ,
    (tensors) => ({ ...tensors, qzeros: words([GROUPS, 2]) }),
    /qzeros' in .* has 2 words for 64 outputs: codes of 2 to 8 bits do not fill them\.$/,
  ],
  [
    'codes that end within a word',
    GPTQ,
    (tensors) => ({ ...tensors, qzeros: words([GROUPS, 6]), qweight: words([4, OUT]) }),
    /qweight' in .* has 4 rows of words, which are no whole codes of 3 bits\.$/,
  ],
  [
    'an order of other inputs',
    GPTQ,
    (tensors) => ({ ...tensors, g_idx: words([IN + 8]) }),
    /g_idx' in .* has shape \[104\], not \[96\]: '.*qweight' has 96 inputs\.$/,
  ],
  [
    'groups that no inputs make',
    { ...AWQ, group_size: 64 },
    (tensors) => ({ ...tensors, qzeros: words([5, 8]), scales: halves([5, OUT]) }),
    /scales' in .* has scales of 5 groups, but 96 inputs in groups of 64 are 2\.$/,
  ],
  [
    'codes in bytes',
    GPTQ,
    (tensors) => ({ ...tensors, qweight: { dtype: 'U8', shape: [1], data: Buffer.alloc(1) } }),
    /qweight' in .* has dtype U8, not I32\.$/,
  ],
  [
    'codes of one dimension',
    AWQ,
    (tensors) => ({ ...tensors, qweight: words([8]) }),
    /qweight' in .* has shape \[8\]: it must be a matrix\.$/,
  ],
  [
    'no outputs',
    GPTQ,
    (tensors) => ({ ...tensors, qweight: words([12, 0]) }),
    /qweight' in .* has shape \[12, 0\]: it must be a matrix\.$/,
  ],
  ['bits that AWQ has not', { ...AWQ, bits: 3 }, same, /"bits" must be 4, got 3$/],
  [
    'an order of AWQ',
    { ...AWQ, version: 'gemv' },
    same,
    /"version" 'gemv' is not supported\. Supp/,
  ],
  ['an order', { checkpoint_format: 'marlin' }, same, /"checkpoint_format" 'marlin' is not supp/],
  ['Marlin by its flag', { is_marlin_format: true }, same, /"is_marlin_format" must be false:/],
  [
    'rounded inputs',
    { quant_method: 'auto-round', act_bits: 8 },
    same,
    /"act_bits" must be 16: inputs are not rounded, got 8$/,
  ],
  ['rotated inputs', { meta: { rotation: 'hadamard' } }, same, /"rotation" must be null: inputs/],
  ['a group of no inputs', { group_size: 0 }, same, /"group_size" must be a positive integer/],
];

for (const [what, config, change, message] of BROKEN) {
  t.test(`${what}: a sentence`, async (t) => {
    const isAwq = 'quant_method' in config;
    const tensors = isAwq ? awqTensors(randomMatrix(4)) : gptqTensors(randomMatrix(4), 1);
    const folder = await folderOf(t, { quant_method: 'gptq', ...config }, change(tensors));
    await t.rejects(openSource(folder).weights(), { message });
  });
}

t.test('an input of a group that is not there is a sentence', async (t) => {
  for (const group of [GROUPS, -1]) {
    const order = words([IN]);
    order.data.writeInt32LE(group, 4 * 7);
    const tensors = { ...gptqTensors(randomMatrix(4), 1), g_idx: order };
    const folder = await folderOf(t, { quant_method: 'gptq', bits: 4 }, tensors);
    await t.rejects(readWeight(folder, [OUT, IN], [[0, OUT]]), {
      message: new RegExp(`g_idx' in .* names group ${group}; there are 3\\.$`),
    });
  }
});

/** The folder's weight is the matrix, read whole and in pieces that begin and end within words. */
async function readsAs(t: Test, config: object, tensors: Tensors, matrix: Matrix): Promise<void> {
  const folder = await folderOf(t, { quant_method: 'gptq', ...config }, tensors);
  const expected = weightOf(matrix);
  for (const cuts of [
    [0, OUT],
    [0, 5, 37, 38, OUT],
  ]) {
    const pieces = cuts.slice(1).map((end, i) => [cuts[i] ?? 0, end] as const);
    t.same(await readWeight(folder, [OUT, IN], pieces), expected, JSON.stringify(config));
  }
}

/** Pieces of rows of the weight, one behind the other. */
async function readWeight(
  folder: string,
  shape: readonly number[],
  pieces: readonly (readonly [number, number])[],
): Promise<Float32Array> {
  const weight: CheckpointTensor = findWeight(
    await openSource(folder).weights(),
    `${NAME}.weight`,
    shape,
  );
  const files = new InputFiles();
  try {
    const source = { ...weight, dtype: 'f32' } as const;
    const values = pieces.map(([begin, end]) => [...readFloats(files, source, begin, end)]);
    return Float32Array.from(values.flat());
  } finally {
    files.close();
  }
}

async function folderOf(
  t: Test,
  quantization_config: object | null,
  tensors: Tensors,
): Promise<string> {
  const folder = t.testdir();
  const named = Object.entries(tensors).map(([name, tensor]) => [`${NAME}.${name}`, tensor]);
  const file = safetensorsFile(Object.fromEntries(named) as Tensors);
  await writeFile(join(folder, 'config.json'), JSON.stringify({ quantization_config }));
  await writeFile(join(folder, 'model.safetensors'), file);
  return folder;
}

function randomMatrix(bits: number, groupOf: readonly number[] = inOrder()): Matrix {
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

function inOrder(): number[] {
  return Array.from({ length: IN }, (_, i) => Math.floor(i / GROUP));
}

/** Groups whose inputs are all over the row. */
function shuffled(seed: number): number[] {
  return Array.from({ length: IN }, (_, i) => ((i * 7 + seed) % IN) % GROUPS);
}

/** `[OUT, IN]`. */
function weightOf({ codes, zeros, scales, groupOf }: Matrix): Float32Array {
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
function gptqTensors(matrix: Matrix, shift: number, pack: Packer = stream): Tensors {
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

function awqTensors({ codes, zeros, scales }: Matrix): Tensors {
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

/** One number behind the other, the lowest bit first. */
function stream(numbers: readonly number[], bits: number): number[] {
  return wordsOfBits(numbers.map((number) => lowFirst(number, bits)).join(''));
}

/** Of each 32 numbers four bits (of three: two), then two, then one. */
function planes(numbers: readonly number[], bits: number): number[] {
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

/** Zeros without values. */
function words(shape: readonly number[], values?: readonly number[]): FileTensor {
  const count = shape.reduce((product, size) => product * size, 1);
  const data = Buffer.from(Uint32Array.from(values ?? new Array<number>(count).fill(0)).buffer);
  return { dtype: 'I32', shape, data };
}

function halves(shape: readonly number[], values?: Float32Array): FileTensor {
  const count = shape.reduce((product, size) => product * size, 1);
  const data = Buffer.from(encodeF16(values ?? new Float32Array(count)).buffer);
  return { dtype: 'F16', shape, data };
}

function without(tensors: Tensors, gone: string): Tensors {
  return Object.fromEntries(Object.entries(tensors).filter(([name]) => name !== gone));
}

function same(tensors: Tensors): Tensors {
  return tensors;
}
