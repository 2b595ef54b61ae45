import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { readDecoder } from '../../../../src/model/families/registry.js';
import { chooseFormat, type Quantization } from '../../../../src/model/quantize/format.js';
import { targetFor, type ModelTarget } from '../../../../src/model/target.js';
import { goldenFolder } from '../golden.js';

/** The plan of a fixture, made as large as somebody wants. */
async function planOf(name: string, sizes: Record<string, number> = {}) {
  const text = await readFile(join(goldenFolder(name), 'config.json'), 'utf8');
  const config = { ...(JSON.parse(text) as Record<string, unknown>), ...sizes };
  return readDecoder(config).plan;
}

const LARGE = {
  hidden_size: 1024,
  intermediate_size: 4096,
  vocab_size: 32_000,
  num_hidden_layers: 4,
  num_attention_heads: 16,
  num_key_value_heads: 16,
  head_dim: 64,
};

const TARGETS = {
  cpu: targetFor({ device: 'cpu', dtype: 'auto' }, 'bf16'),
  webgpu: targetFor({ device: 'webgpu', dtype: 'auto' }, 'bf16'),
  cuda: targetFor({ device: 'cuda', dtype: 'auto' }, 'bf16'),
} satisfies Record<string, ModelTarget>;

t.test('what each device takes when nobody says', async (t) => {
  const plan = await planOf('llama-plain', LARGE);
  t.same(chooseFormat('auto', plan, TARGETS.cpu).format, 'w8a8_int8');
  t.same(chooseFormat('auto', plan, TARGETS.webgpu), {
    format: 'int4',
    reason: 'fastest on WebGPU',
  });
  t.same(chooseFormat('auto', plan, TARGETS.cuda), { format: 'none', reason: 'computed in bf16' });
});

t.test('four bits where eight would leave no memory', async (t) => {
  const plan = await planOf('llama-plain', LARGE);
  const choose = (memoryBytes: number, device: keyof typeof TARGETS = 'cpu') =>
    chooseFormat('auto', plan, TARGETS[device], { memoryBytes });
  t.equal(choose(2 ** 30).format, 'w8a8_int8');
  const small = choose(64 * 2 ** 20);
  t.equal(small.format, 'int4');
  t.match(
    small.reason,
    /^in 8 bits the linear layers alone are 0\.1 GiB, and 0\.1 GiB may be used$/,
  );
  t.equal(choose(64 * 2 ** 20, 'cuda').format, 'none', 'a GPU has memory of its own');
  const asked = chooseFormat('w8a8_int8', plan, TARGETS.cpu, { memoryBytes: 1 });
  t.equal(asked.format, 'w8a8_int8', 'who asks gets it');
});

t.test('what it takes when somebody says what matters', async (t) => {
  const plan = await planOf('llama-plain', LARGE);
  const small = await planOf('llama-blocks');
  const formats = Object.entries(TARGETS).map(([device, target]) => {
    const [quality, memory] = (['quality', 'memory'] as const).map(
      (preference) => chooseFormat('auto', plan, target, { preference }).format,
    );
    t.equal(
      chooseFormat('none', plan, target, { preference: 'memory' }).format,
      'none',
      'auto alone looks at it',
    );
    t.equal(chooseFormat('auto', small, target, { preference: 'memory' }).format, 'none');
    t.same(
      chooseFormat('auto', plan, target, { preference: 'speed' }),
      chooseFormat('auto', plan, target),
      'speed is the default',
    );
    return [device, quality, memory];
  });
  t.same(formats, [
    ['cpu', 'int8', 'int4'],
    ['webgpu', 'int8', 'int4'],
    ['cuda', 'none', 'int4'],
  ]);
});

t.test('a small model is not rounded, nor one whose blocks do not come out even', async (t) => {
  const small = await planOf('llama-blocks');
  const uneven = await planOf('llama-plain', { ...LARGE, intermediate_size: 4100 });
  for (const target of Object.values(TARGETS)) {
    t.match(chooseFormat('auto', small, target), { format: 'none', reason: /too few/ });
    t.match(chooseFormat('auto', uneven, target), {
      format: 'none',
      reason: /4100 wide, not a multiple of 32/,
    });
  }
});

t.test('what is asked for by name is what a GPU computes in', async (t) => {
  const plan = await planOf('llama-plain', LARGE);
  for (const target of [TARGETS.webgpu, TARGETS.cuda]) {
    for (const requested of ['none', 'int8', 'int4'] satisfies Quantization[]) {
      t.same(chooseFormat(requested, plan, target), { format: requested, reason: 'as asked' });
    }
    t.throws(() => chooseFormat('w8a8_int8', plan, target), {
      code: 'bad_option',
      message: new RegExp(
        `^--quantization w8a8_int8 is not possible: .* --device ${target.device} cannot`,
      ),
    });
    const uneven = await planOf('llama-plain', { ...LARGE, intermediate_size: 4100 });
    t.throws(() => chooseFormat('int4', uneven, target), { message: /not a multiple of 32/ });
  }
});
