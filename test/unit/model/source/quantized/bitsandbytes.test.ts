import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';

import { openSource } from '../../../../../src/model/source/registry.js';
import { readTensors, safetensorsFile, zeros, type FileTensor } from '../../safetensors-file.js';

const MODELS = join('test', 'fixtures', 'quantized');
const NF4 = 'bnb-llama-nf4';
const FP4 = 'bnb-qwen2-fp4';
const INT8 = 'bnb-llama-int8';
const NAME = 'model.layers.0.mlp.up_proj';

type Tensors = Readonly<Record<string, FileTensor>>;

const STATE = {
  quant_type: 'nf4',
  blocksize: 64,
  dtype: 'float16',
  shape: [64, 32],
  nested_blocksize: 256,
  nested_dtype: 'float32',
  nested_offset: 0.1,
};

const BROKEN: readonly [
  what: string,
  model: string,
  change: (tensors: Tensors) => Tensors,
  message: RegExp,
][] = [
  [
    'no scales',
    NF4,
    (tensors) => without(tensors, 'weight.absmax'),
    /^Tensor '.*up_proj\.weight\.absmax' is missing beside '/,
  ],
  [
    'no scales of scales',
    NF4,
    (tensors) => without(tensors, 'weight.nested_absmax'),
    /up_proj\.weight\.nested_absmax' is missing beside '/,
  ],
  [
    'no codes',
    FP4,
    (tensors) => without(tensors, 'weight'),
    /^Tensor '.*up_proj\.weight' is missing beside '/,
  ],
  [
    'scales of fewer blocks',
    FP4,
    (tensors) => put(tensors, 'weight.absmax', zeros([31])),
    /absmax' in .* has shape \[31\], not \[32\]: '.*up_proj\.weight' has 32 blocks\.$/,
  ],
  [
    'scales of scales for more blocks',
    NF4,
    (tensors) => put(tensors, 'weight.nested_absmax', zeros([2])),
    /nested_absmax' in .* has shape \[2\], not \[1\]: '.*absmax' has 1 blocks\.$/,
  ],
  [
    'a table that a byte leaves',
    NF4,
    (tensors) => put(tensors, 'weight.nested_quant_map', zeros([255])),
    /nested_quant_map' in .* has shape \[255\], not \[256\]/,
  ],
  [
    'scales in bytes that are not described',
    NF4,
    (tensors) => state(tensors, { ...STATE, nested_blocksize: undefined }),
    /absmax' in .* has dtype U8, not F32\.$/,
  ],
  [
    'another shape than the codes have',
    NF4,
    (tensors) => state(tensors, { ...STATE, shape: [64, 33] }),
    /up_proj\.weight' in .* has 1024 bytes; its shape needs 1056\.$/,
  ],
  [
    'a shape of three dimensions',
    NF4,
    (tensors) => state(tensors, { ...STATE, shape: [2, 32, 32] }),
    /bitsandbytes__nf4' in .*: "shape" must be two positive integers, got \[2,32,32\]$/,
  ],
  [
    'blocks of nothing',
    NF4,
    (tensors) => state(tensors, { ...STATE, blocksize: 0 }),
    /"blocksize" must be a positive integer, got 0$/,
  ],
  [
    'an offset that is no number',
    NF4,
    (tensors) => state(tensors, { ...STATE, nested_offset: 'x' }),
    /"nested_offset" must be a number, got "x"$/,
  ],
  [
    'a type without a table',
    NF4,
    (tensors) => state(tensors, { ...STATE, quant_type: 'af4' }),
    /"quant_type" 'af4' is not supported\. Supported: nf4, fp4$/,
  ],
  [
    'a description that is no JSON',
    NF4,
    (tensors) => put(tensors, 'weight.quant_state.bitsandbytes__nf4', bytes([4], 1)),
    /^Tensor '.*bitsandbytes__nf4' in .* is not valid JSON\.$/,
  ],
  [
    'an endless description',
    NF4,
    (tensors) => put(tensors, 'weight.quant_state.bitsandbytes__nf4', bytes([70_000], 1)),
    /^Tensor '.*bitsandbytes__nf4' in .* is too long for a description\.$/,
  ],
  [
    'whole numbers without their scales',
    INT8,
    (tensors) => without(tensors, 'SCB'),
    /^Tensor '.*up_proj\.SCB' is missing beside '/,
  ],
  [
    'scales of other rows',
    INT8,
    (tensors) => put(tensors, 'SCB', zeros([63])),
    /SCB' in .* has shape \[63\], not \[64\]: '.*up_proj\.weight' has 64 rows\.$/,
  ],
  [
    'scales without whole numbers',
    INT8,
    (tensors) => put(tensors, 'weight', zeros([64, 32])),
    /up_proj\.weight' in .* has dtype F32, not I8\.$/,
  ],
  [
    'an order that a GPU wanted',
    INT8,
    (tensors) => put(tensors, 'weight_format', bytes([], 2)),
    /^Tensor '.*weight_format' in .* says order 2: only weights in the order of rows, 0, are read\.$/,
  ],
];

for (const [what, model, change, message] of BROKEN) {
  t.test(`${what}: a sentence`, async (t) => {
    const folder = await changed(t, model, change);
    await t.rejects(openSource(folder).weights(), { message });
  });
}

t.test(
  'a config that names no method is of bitsandbytes, if it says how it was loaded',
  async (t) => {
    for (const model of [NF4, INT8]) {
      const folder = await changed(t, model, (tensors) => tensors);
      const path = join(folder, 'config.json');
      const config = JSON.parse(await readFile(path, 'utf8')) as { quantization_config: object };
      const unnamed = { ...config.quantization_config, quant_method: null };
      await writeFile(path, JSON.stringify({ ...config, quantization_config: unnamed }));
      const { tensors } = await openSource(folder).weights();
      t.not(tensors.get(`${NAME}.weight`)?.packing, null);
    }
  },
);

/** The model with other tensors, the module's named by what is behind its name. */
async function changed(
  t: Test,
  model: string,
  change: (tensors: Tensors) => Tensors,
): Promise<string> {
  const folder = t.testdir();
  const from = join(MODELS, model);
  await cp(join(from, 'config.json'), join(folder, 'config.json'));
  const tensors = change(await readTensors(from));
  await writeFile(join(folder, 'model.safetensors'), safetensorsFile(tensors));
  return folder;
}

function put(tensors: Tensors, ending: string, tensor: FileTensor): Tensors {
  return { ...tensors, [`${NAME}.${ending}`]: tensor };
}

function without(tensors: Tensors, ending: string): Tensors {
  return Object.fromEntries(
    Object.entries(tensors).filter(([name]) => name !== `${NAME}.${ending}`),
  );
}

function state(tensors: Tensors, json: unknown): Tensors {
  const data = Buffer.from(JSON.stringify(json));
  const tensor = { dtype: 'U8', shape: [data.length], data };
  return put(tensors, 'weight.quant_state.bitsandbytes__nf4', tensor);
}

function bytes(shape: readonly number[], value: number): FileTensor {
  const count = shape.reduce((product, size) => product * size, 1);
  return { dtype: 'U8', shape, data: Buffer.alloc(count, value) };
}
