import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { readDecoder } from '../../../../src/model/families/registry.js';
import { chooseFormat, type Quantization } from '../../../../src/model/quantize/format.js';
import { plannedLinears } from '../../../../src/model/plan/demands.js';
import { staysFloat } from '../../../../src/model/quantize/float-linears.js';
import { expectedBytes } from '../../../../src/model/quantize/expected-bytes.js';
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
  t.match(small.reason, /^w8a8_int8 takes 0\.2 GiB, and 0\.1 GiB may be used$/);
  t.equal(choose(64 * 2 ** 20, 'cuda').format, 'none', 'a GPU has memory of its own');
});

t.test('what was asked for and cannot be loaded is refused before anything is done', async (t) => {
  const plan = await planOf('llama-plain', LARGE);
  const ask = (format: Quantization, memoryBytes: number, device: keyof typeof TARGETS = 'cpu') =>
    chooseFormat(format, plan, TARGETS[device], { memoryBytes }).format;
  const MIB = 2 ** 20;
  t.equal(ask('w8a8_int8', 170 * MIB), 'w8a8_int8', 'who asks gets it');
  t.throws(() => ask('int8', 170 * MIB), {
    code: 'bad_option',
    message:
      '--quantization int8 does not fit: its weights take 0.2 GiB of memory, and 0.2 GiB may be used. int4 takes 0.1 GiB.',
  });
  t.throws(() => ask('int4', 100 * MIB), /0\.1 GiB may be used\.$/);
  t.equal(ask('int4', 140 * MIB), 'int4');
  t.equal(ask('int8', MIB, 'webgpu'), 'int8', 'a GPU has memory of its own');
});

t.test('weights are counted as a CPU holds them', async (t) => {
  const plain = await planOf('llama-plain', LARGE);
  const linears = 4 * (4 * 1024 * 1024 + 3 * 4096 * 1024);
  const table = 2 * 32_000 * 1024;
  const head = 32_000 * 1024;
  t.equal(expectedBytes(plain, 'w8a8_int8', TARGETS.cpu), linears + head + table);
  t.equal(
    expectedBytes(plain, 'int8', TARGETS.cpu),
    1.5 * (linears + head) + table,
    'blocks of 16',
  );
  t.equal(expectedBytes(plain, 'int4', TARGETS.cpu), (9 / 16) * linears + 1.125 * head + table);
  const mixture = await planOf('qwen2-moe-blocks');
  const more =
    expectedBytes(mixture, 'int8', TARGETS.cpu) - expectedBytes(mixture, 'w8a8_int8', TARGETS.cpu);
  const count = (isOf: (name: string) => boolean): number =>
    plannedLinears(mixture)
      .filter((linear) => !staysFloat(mixture).has(linear) && isOf(linear.name))
      .reduce((sum, linear) => sum + linear.in * linear.out, 0);
  const ofExperts = /\.experts?\.?\d+/;
  const dense = count((name) => !ofExperts.test(name));
  const rotated = count((name) => ofExperts.test(name) && !name.includes('down'));
  t.equal(more, 0.5 * dense + 0.25 * rotated, 'experts are in blocks either way, in larger ones');
  const bare = { ...mixture, rotatable: false };
  t.equal(
    expectedBytes(bare, 'int8', TARGETS.cpu) - expectedBytes(bare, 'w8a8_int8', TARGETS.cpu),
    0.5 * dense,
    'but for those that read what is not rotated',
  );
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
