import t from 'tap';

import { openSource } from '../../../../../src/model/source/registry.js';
import { type Tensors, without } from './fixtures.js';
import { type Breakage, folderOf, halves, readWeight, words } from './one-module.js';
import {
  awqRows,
  awqTensors,
  GROUP,
  GROUPS,
  gptqTensors,
  IN,
  OUT,
  randomMatrix,
} from './packed-matrix.js';

const GPTQ = { bits: 4, group_size: GROUP };
const AWQ = { quant_method: 'awq', ...GPTQ };

const BROKEN: readonly Breakage[] = [
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
    { ...AWQ, version: 'gemv_fast' },
    same,
    /"version" 'gemv_fast' is not supported\. Supported: gemm, /,
  ],
  [
    'fewer zeros than groups',
    { ...AWQ, version: 'gemv', group_size: 8 },
    () => awqRows(randomMatrix(4)),
    /qzeros' in .* has room for 8 groups, but 96 inputs in groups of 8 are 12\.$/,
  ],
  [
    'more scales than zeros',
    { ...AWQ, version: 'gemv' },
    () => ({ ...awqRows(randomMatrix(4)), scales: halves([OUT, 9]) }),
    /scales' in .* has shape \[64, 9\], not \[64, 8\]: '.*qzeros' has 8 zeros of 64 outputs\.$/,
  ],
  ['an order', { checkpoint_format: 'exl3' }, same, /"checkpoint_format" 'exl3' is not supported/],
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

function same(tensors: Tensors): Tensors {
  return tensors;
}
