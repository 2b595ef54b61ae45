import { open, readFile } from 'node:fs/promises';
import { join, parse } from 'node:path';
import t from 'tap';
import { readDecoder } from '../../../../src/model/families/registry.js';
import { plannedLinears } from '../../../../src/model/plan/demands.js';
import { openCheckpoint } from '../../../../src/model/source/safetensors.js';
import { fromRoot } from '../../../../src/model/weights/from-root.js';
import { plainWeights } from '../../../../src/model/weights/plain-weights.js';
import type {
  LinearWeight,
  TensorRef,
  WeightStore,
} from '../../../../src/model/weights/weight-store.js';
import { goldenFolder, goldenNames } from '../golden.js';

const ROOT = parse(process.cwd()).root;

async function plainStore(name: string) {
  const folder = goldenFolder(name);
  const model = readDecoder(JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')));
  const { plan } = model;
  return { plan, store: plainWeights(plan, await openCheckpoint(folder)) };
}

/** Every tensor that it names. */
function refsOf(linear: LinearWeight): TensorRef[] {
  if (linear.format === 'parts') return linear.parts.flatMap(refsOf);
  const refs =
    linear.format === 'none'
      ? linear.parts.flatMap(({ weight, bias }) => [weight, bias])
      : linear.format === 'w8a8_int8'
        ? linear.matrices.flatMap(({ weight, scale, bias }) => [weight, scale, bias])
        : [linear.weight, linear.scales, linear.bias];
  return refs.filter((ref) => ref !== null);
}

async function bytesOf(folder: string, { file, offset, byteLength }: TensorRef): Promise<Buffer> {
  const handle = await open(join(folder, file));
  const { buffer } = await handle.read(Buffer.alloc(byteLength), 0, byteLength, offset);
  await handle.close();
  return buffer;
}

for (const name of ['llama-plain', 'qwen2', 'qwen2-moe']) {
  t.test(`${name}: tensors named from the root are the same bytes`, async (t) => {
    const { plan, store } = await plainStore(name);
    const moved = fromRoot(store);
    t.equal(moved.folder, ROOT);
    t.equal(moved.format, store.format);
    t.equal(moved.totalBytes, store.totalBytes);
    const linears = plannedLinears(plan).map(({ name }) => name);
    const pairs = [
      ...linears.flatMap((linear) => {
        const after = refsOf(moved.linear(linear));
        return refsOf(store.linear(linear)).map((ref, i) => [ref, after[i]] as const);
      }),
      [store.tensor(plan.embedding.name), moved.tensor(plan.embedding.name)] as const,
    ];
    t.ok(pairs.length > 5);
    for (const [before, after] of pairs) {
      if (after === undefined) throw new Error('a tensor is lost');
      t.notMatch(after.file, /^\/|\.\./);
      t.same(await bytesOf(ROOT, after), await bytesOf(store.folder, before), before.file);
      t.same({ ...after, file: '' }, { ...before, file: '' });
    }
  });
}

t.test('tensors of quantised weights move too, biases that are none stay none', async (t) => {
  const ref = (file: string): TensorRef => {
    return { file, offset: 3, byteLength: 8, dtype: 'u8', shape: [8] };
  };
  const linears: Readonly<Record<string, LinearWeight>> = {
    w8a8: {
      format: 'w8a8_int8',
      matrices: [
        { weight: ref('a'), scale: ref('b'), bias: ref('c') },
        { weight: ref('d'), scale: ref('e'), bias: null },
      ],
      inputHadamard: null,
      inputRange: null,
    },
    int8: { format: 'int8', weight: ref('a'), scales: ref('b'), bias: null } as LinearWeight,
    int4: { format: 'int4', weight: ref('a'), scales: ref('b'), bias: ref('c') } as LinearWeight,
  };
  const { store } = await plainStore((await goldenNames())[0] ?? '');
  const moved = fromRoot({
    ...store,
    folder: join(ROOT, 'models', 'deep'),
    linear: (name) => linears[name] ?? store.linear(name),
  } satisfies WeightStore);
  for (const [name, linear] of Object.entries(linears)) {
    t.same(
      refsOf(moved.linear(name)),
      refsOf(linear).map((one) => ({ ...one, file: `models/deep/${one.file}` })),
    );
    t.equal(moved.linear(name).format, linear.format);
  }
});
