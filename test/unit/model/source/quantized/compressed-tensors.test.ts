import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';

import { ConfigFields } from '../../../../../src/model/families/config-fields.js';
import { compressedTensors } from '../../../../../src/model/source/quantized/compressed-tensors/method.js';
import {
  decidingTarget,
  matchTargets,
} from '../../../../../src/model/source/quantized/compressed-tensors/targets.js';
import { openSource } from '../../../../../src/model/source/registry.js';
import { findWeight } from '../../../../../src/model/weights/find-weight.js';
import { InputFiles } from '../../../../../src/model/weights/input-files.js';
import { readFloats } from '../../../../../src/model/weights/stored-rows.js';
import { f32, type FileTensor } from '../../safetensors-file.js';
import { prepareHere } from '../../same-answers.js';
import { changeConfig, changeTensors, copyFixture, type Tensors, without } from './fixtures.js';

const UP = 'model.layers.0.mlp.up_proj';
const Q = 'model.layers.0.self_attn.q_proj';

function i64(...values: number[]): FileTensor {
  return {
    dtype: 'I64',
    shape: [values.length],
    data: Buffer.from(BigInt64Array.from(values, BigInt).buffer),
  };
}

function bytes(dtype: string, shape: readonly number[], size = 1): FileTensor {
  const count = shape.reduce((product, length) => product * length, 1);
  return { dtype, shape, data: Buffer.alloc(count * size) };
}

const BROKEN: readonly [
  what: string,
  fixture: string,
  change: (tensors: Tensors) => Tensors,
  message: RegExp,
][] = [
  [
    'scales that are missing',
    'qwen2-w4a16-asym',
    (tensors) => without(tensors, `${UP}.weight_scale`),
    /^Tensor '.*up_proj\.weight_scale' is missing beside '.*' in .*safetensors\.$/,
  ],
  [
    'zeros that are missing',
    'qwen2-w4a16-asym',
    (tensors) => without(tensors, `${UP}.weight_zero_point`),
    /^Tensor '.*up_proj\.weight_zero_point' is missing beside/,
  ],
  [
    'a shape that is missing',
    'qwen2-w4a16-asym',
    (tensors) => without(tensors, `${UP}.weight_shape`),
    /^Tensor '.*up_proj\.weight_shape' is missing beside/,
  ],
  [
    'a shape of three',
    'qwen2-w4a16-asym',
    (tensors) => ({ ...tensors, [`${UP}.weight_shape`]: i64(1, 2, 3) }),
    /up_proj\.weight_shape' in .* has shape \[3\], not \[2\]: it has the two dimensions of the weight\.$/,
  ],
  [
    'a shape below 0',
    'qwen2-w4a16-asym',
    (tensors) => ({ ...tensors, [`${UP}.weight_shape`]: i64(-32, -32) }),
    /up_proj\.weight_shape' in .* says that the weight has shape \[-32, -32\]\.$/,
  ],
  [
    'a shape without end',
    'qwen2-w4a16-asym',
    (tensors) => ({ ...tensors, [`${UP}.weight_shape`]: i64(2 ** 52, 2 ** 52) }),
    /up_proj\.weight_shape' in .* says that the weight has shape \[4503599627370496, 4503599627370496\]\.$/,
  ],
  [
    'more rows than there are codes of',
    'qwen2-w4a16-asym',
    (tensors) => ({ ...tensors, [`${UP}.weight_shape`]: i64(64, 32) }),
    /up_proj\.weight_packed' in .* has shape \[32, 4\], not \[64, 4\]: it has 64 by 32 numbers of 4 bits\.$/,
  ],
  [
    'another shape than config.json has, with codes for it',
    'qwen2-w4a16-asym',
    (tensors) => ({
      ...tensors,
      [`${UP}.weight_shape`]: i64(32, 30),
    }),
    /up_proj\.weight' in .* has shape \[32, 30\], but config\.json demands \[32, 32\]/,
  ],
  [
    'codes in bytes',
    'qwen2-w4a16-asym',
    (tensors) => ({ ...tensors, [`${UP}.weight_packed`]: bytes('U8', [32, 16]) }),
    /up_proj\.weight_packed' in .* has dtype U8, not I32\.$/,
  ],
  [
    'scales of another shape',
    'qwen2-w4a16-asym',
    (tensors) => ({ ...tensors, [`${UP}.weight_scale`]: f32([32, 3], new Float32Array(96)) }),
    /up_proj\.weight_scale' in .* has shape \[32, 3\], not \[32, 2\]: '.*' has blocks of 1 by 16\.$/,
  ],
  [
    'one scale where there are groups',
    'qwen2-w4a16-asym',
    (tensors) => ({ ...tensors, [`${UP}.weight_scale`]: f32([1], [1]) }),
    /up_proj\.weight_scale' in .* has shape \[1\], not \[32, 2\]/,
  ],
  [
    'scales that are no numbers',
    'qwen2-w4a16-asym',
    (tensors) => ({ ...tensors, [`${UP}.weight_scale`]: bytes('BOOL', [32, 2]) }),
    /up_proj\.weight_scale' in .* has dtype BOOL, not F32 or BF16 or F16\.$/,
  ],
  [
    'zeros of another shape',
    'qwen2-w4a16-asym',
    (tensors) => ({ ...tensors, [`${UP}.weight_zero_point`]: bytes('I32', [5, 2], 4) }),
    /up_proj\.weight_zero_point' in .* has shape \[5, 2\], not \[4, 2\]: it has 32 by 2 numbers of 4 bits\.$/,
  ],
  [
    'zeros of floats',
    'llama-w8a8',
    (tensors) => ({ ...tensors, [`${UP}.weight_zero_point`]: f32([32, 1], new Float32Array(32)) }),
    /up_proj\.weight_zero_point' in .* has dtype F32, not I8 or F8_E4M3 or I32\.$/,
  ],
  [
    'packed zeros of codes that are not packed',
    'llama-w8a8',
    (tensors) => ({ ...tensors, [`${UP}.weight_zero_point`]: bytes('I32', [32, 1], 4) }),
    /up_proj\.weight_zero_point' in .* has dtype I32, not I8\.$/,
  ],
  [
    'FP8 where integers are said',
    'llama-w8a8',
    (tensors) => ({ ...tensors, [`${UP}.weight`]: bytes('F8_E4M3', [32, 32]) }),
    /up_proj\.weight' in .* has dtype F8_E4M3, not I8\.$/,
  ],
  [
    'codes of three dimensions',
    'llama-w8a8',
    (tensors) => ({ ...tensors, [`${UP}.weight`]: bytes('I8', [2, 16, 32]) }),
    /up_proj\.weight' in .* has shape \[2, 16, 32\], which is not a matrix's\.$/,
  ],
  [
    'blocks that are too few',
    'qwen3-fp8',
    (tensors) => ({
      ...tensors,
      'model.layers.0.mlp.down_proj.weight_scale': f32([1, 2], [1, 1]),
    }),
    /down_proj\.weight_scale' in .* has shape \[1, 2\], not \[2, 2\]: '.*' has blocks of 24 by 16\.$/,
  ],
  [
    'a second scale that is several',
    'llama-mixed',
    (tensors) => ({ ...tensors, [`${Q}.weight_global_scale`]: f32([2], [1, 1]) }),
    /q_proj\.weight_global_scale' in .* has shape \[2\], not \[1\]: it is one for all scales\.$/,
  ],
  [
    'bytes that are no floats of six bits',
    'llama-dense-packing',
    (tensors) => ({ ...tensors, [`${UP}.weight_packed`]: bytes('U8', [96, 25]) }),
    /up_proj\.weight_packed' in .* has 25 bytes a row, which are no floats of 6 bits\.$/,
  ],
  [
    'a mask of more numbers than are stored',
    'qwen2-sparse',
    (tensors) => ({
      ...tensors,
      [`${UP}.bitmask`]: { dtype: 'U8', shape: [32, 4], data: Buffer.alloc(128, 255) },
    }),
    /^Tensor '.*up_proj\.bitmask' in .* has other numbers in row 0 than '.*up_proj\.compressed'\.$/,
  ],
  [
    'a mask of fewer numbers than a row has',
    'llama-sparse-24-fp8',
    (tensors) => ({ ...tensors, [`${UP}.bitmask`]: bytes('U8', [32, 4]) }),
    /^Tensor '.*up_proj\.bitmask' in .* has other numbers in row 0 than '.*up_proj\.compressed'\.$/,
  ],
  [
    'rows that begin before the first',
    'qwen2-sparse',
    (tensors) => ({
      ...tensors,
      [`${UP}.row_offsets`]: i64(...Array.from({ length: 32 }, (_, i) => i - 1)),
    }),
    /^Tensor '.*up_proj\.bitmask' in .* has other numbers in row 0 than/,
  ],
  [
    'starts of rows that are too few',
    'qwen2-sparse',
    (tensors) => ({ ...tensors, [`${UP}.row_offsets`]: i64(0, 1) }),
    /up_proj\.row_offsets' in .* has shape \[2\], not \[32\]: the weight has 32 rows\.$/,
  ],
  [
    'a mask that is too narrow',
    'qwen2-sparse',
    (tensors) => ({ ...tensors, [`${UP}.bitmask`]: bytes('U8', [32, 3]) }),
    /up_proj\.bitmask' in .* has shape \[32, 3\], not \[32, 4\]: the weight has 32 by 32 numbers\.$/,
  ],
  [
    'sparse zeros',
    'llama-sparse-24-fp8',
    (tensors) => ({ ...tensors, [`${UP}.weight_zero_point`]: bytes('I8', [32, 1]) }),
    /up_proj\.compressed' in .* is sparse, quantised and not symmetric, which is not supported\.$/,
  ],
];

const cacheDir = t.testdir();

for (const [what, fixture, change, message] of BROKEN) {
  t.test(`${what} are a sentence`, async (t) => {
    const folder = await copyFixture(t, 'compressed', fixture);
    await changeTensors(folder, change);
    await t.rejects(prepareHere(t, { folder, quantization: 'none', cacheDir }), { message });
  });
}

t.test('a column of a group that is none is a sentence', async (t) => {
  for (const [group, said] of [
    [2, '2'],
    [-7, '-7'],
  ] as const) {
    const folder = await copyFixture(t, 'compressed', 'qwen2-w4a16-asym');
    const groups = Int32Array.from({ length: 32 }, (_, i) => (i === 9 ? group : i % 2));
    const order = { dtype: 'I32', shape: [32], data: Buffer.from(groups.buffer) };
    await changeTensors(folder, (tensors) => ({ ...tensors, [`${UP}.weight_g_idx`]: order }));
    await t.rejects(prepareHere(t, { folder, quantization: 'none', cacheDir }), {
      code: 'bad_checkpoint',
      message: new RegExp(
        `^Tensor '${UP}\\.weight_g_idx' in .* puts column 9 into group ${said} of 2\\.$`,
      ),
    });
  }
});

t.test('groups are one behind the other where no order of columns was found', async (t) => {
  const codesOf = async (groups: Int32Array | null): Promise<readonly number[]> => {
    const folder = await copyFixture(t, 'compressed', 'qwen2-w4a16-asym');
    if (groups !== null) {
      const order = { dtype: 'I32', shape: [32], data: Buffer.from(groups.buffer) };
      await changeTensors(folder, (tensors) => ({ ...tensors, [`${UP}.weight_g_idx`]: order }));
    }
    const weight = findWeight(await openSource(folder).weights(), `${UP}.weight`, [32, 32]);
    const files = new InputFiles();
    const values = [...readFloats(files, weight, 0, 32)];
    files.close();
    return values;
  };
  const plain = await codesOf(null);
  t.same(await codesOf(new Int32Array(32).fill(-1)), plain);
  t.notSame(await codesOf(Int32Array.from({ length: 32 }, (_, i) => i % 2)), plain);
});

t.test('a file that ends where its scales were is a sentence', async (t) => {
  const folder = await copyFixture(t, 'compressed', 'llama-w4a16-actorder');
  await writeFile(join(folder, 'model-00002-of-00002.safetensors'), '');
  await t.rejects(prepareHere(t, { folder, quantization: 'none', cacheDir }), {
    message: /model-00002-of-00002\.safetensors is 0 bytes long: too short to be a safetensors/,
  });
});

t.test('a module that is quantised and in no group is a sentence', async (t) => {
  const folder = await copyFixture(t, 'compressed', 'llama-w8a8');
  const weights = { num_bits: 8, strategy: 'channel' };
  await changeConfig(folder, {
    quant_method: 'compressed-tensors',
    config_groups: { group_0: { targets: ['Linear'], weights } },
    ignore: ['lm_head', 're:.*up_proj'],
  });
  await t.rejects(openSource(folder).weights(), {
    message:
      /^Tensor '.*up_proj\.weight' in .* is quantised, but no group of "quantization_config" has it\.$/,
  });
});

const REFUSED: readonly [config: Readonly<Record<string, unknown>>, message: RegExp][] = [
  [{ format: 'marlin-24' }, /"format" 'marlin-24' is not supported\. Supported: dense, int-q/],
  [
    { sparsity_config: { format: 'marlin-24' } },
    /"sparsity_config": "format" 'marlin-24' is not supported/,
  ],
  [{ config_groups: [] }, /"config_groups" must be a JSON object$/],
  [grouped({ num_bits: 16 }), /"num_bits" must be at most 8, got 16$/],
  [grouped({ type: 'complex' }), /"type" 'complex' is not supported/],
  [grouped({ strategy: 'token' }), /"strategy" must be tensor, channel, group, tensor_group or b/],
  [grouped({ strategy: 'group' }), /"group_size" must be a positive integer, it is missing$/],
  [grouped({ group_size: 0 }), /"group_size" must be a positive integer, got 0$/],
  [
    grouped({ strategy: 'block', block_structure: '128' }),
    /"block_structure" must be a list of two positive integers, got "128"$/,
  ],
  [{ ignore: ['re:('] }, /has the pattern 're:\(', which cannot be read$/],
  [{ ignore: ['re:(.*)*(.*)*(.*)*x$'] }, /the patterns .* take too long: re:/],
  [
    { transform_config: { config_groups: { R4: { apply: [{ location: 'input' }] } } } },
    /a transform of "location" 'input', which is made while the model runs: that is not supported$/,
  ],
];

function grouped(weights: unknown): Record<string, unknown> {
  return { config_groups: { group_0: { targets: ['Linear'], weights } } };
}

for (const [config, message] of REFUSED) {
  t.test(`${JSON.stringify(config)} is a sentence`, (t) => {
    const fields = new ConfigFields(config, 'config.json: "quantization_config"');
    const name = `${'model.layers.10.'.repeat(20)}mlp`;
    t.throws(() => compressedTensors.open(fields, [name]), { message });
    t.end();
  });
}

t.test(
  'integers go on over the ends of words by how many these are, else by the version',
  async (t) => {
    const crossesOf = async (width: number, words: number, version: string): Promise<unknown> => {
      const folder = await copyFixture(t, 'compressed', 'qwen2-w4a16-asym');
      await changeTensors(folder, () => ({
        'up.weight_packed': bytes('I32', [2, words], 4),
        'up.weight_scale': f32([2, 1], [1, 1]),
        'up.weight_shape': i64(2, width),
      }));
      const weights = { num_bits: 3, strategy: 'channel' };
      const groups = { group_0: { targets: ['Linear'], weights } };
      await changeConfig(folder, {
        quant_method: 'compressed-tensors',
        config_groups: groups,
        version,
      });
      const packing = (await openSource(folder).weights()).tensors.get('up.weight')?.packing;
      return packing?.kind === 'scaled' ? packing.encoding : packing;
    };
    t.same(await crossesOf(64, 7, '0.20.1'), { bits: 3, crosses: false });
    t.same(await crossesOf(64, 6, '0.9.4'), { bits: 3, crosses: true });
    t.same(await crossesOf(48, 5, '0.17.1'), { bits: 3, crosses: false });
    t.same(await crossesOf(48, 5, '0.18.0'), { bits: 3, crosses: true });
    t.same(await crossesOf(48, 5, '1.0'), { bits: 3, crosses: true });
    await t.rejects(crossesOf(64, 5, '0.18.0'), { message: /has shape \[2, 5\], not \[2, 6\]/ });
  },
);

t.test('transforms of weights alone, and blocks as old files write them, are read', (t) => {
  const apply = [{ location: 'weight_input' }, { location: 'weight_output' }];
  const config = {
    ...grouped({ type: 'float', strategy: 'block', block_structure: '2x4' }),
    transform_config: { config_groups: { R1: { apply } } },
    sparsity_config: {},
  };
  const scheme = compressedTensors.open(new ConfigFields(config, 'config'), ['up']);
  const part = (dtype: string, shape: readonly number[]) => ({
    ...{ name: 'up', path: 'file', offset: 0, byteLength: 0, dtype: null, packing: null },
    ...{ storedDtype: dtype, shape },
  });
  const made = scheme({
    name: 'up',
    parts: new Map([
      ['weight', part('F8_E4M3', [3, 9])],
      ['weight_scale', part('BF16', [2, 3])],
    ]),
  });
  t.match(made?.get('weight'), { shape: [3, 9], packing: { block: [2, 4] } });
  t.end();
});

t.test('a name decides before a pattern, and a pattern before a class', (t) => {
  const modules = ['model.layers.0.mlp.up_proj', 'model.embed_tokens', 'lm_head', 'Linear'];
  const targets = [
    'Linear',
    're:.*up_proj',
    're:(?P<stack>model)\\.layers',
    'lm_head',
    'Embedding',
  ];
  const matches = matchTargets(targets, modules);
  const deciding = modules.map((module) => decidingTarget(targets, module, matches));
  t.same(deciding, ['re:(?P<stack>model)\\.layers', 'Embedding', 'lm_head', 'Linear']);
  t.equal(
    decidingTarget(['re:layers'], modules[0] ?? '', matchTargets(['re:layers'], modules)),
    null,
  );
  t.end();
});

t.test('a name decides before a pattern that comes before it in the alphabet', (t) => {
  const targets = ['re:.*', 'score'];
  t.equal(decidingTarget(targets, 'score', matchTargets(targets, ['score'])), 'score');
  t.end();
});

t.test('scales of inputs, and of the KV cache, are of no use', async (t) => {
  const folder = await copyFixture(t, 'compressed', 'qwen3-fp8');
  const { tensors } = await openSource(folder).weights();
  t.ok(tensors.has('model.layers.0.self_attn.k_scale'));
  t.notOk(tensors.has(`${Q}.input_scale`));
});
