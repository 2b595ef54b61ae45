import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { readDecoder } from '../../../../src/model/families/registry.js';
import { cacheKey, type CacheKeyFacts } from '../../../../src/model/quantize/cache-key.js';
import { NONE_KEPT } from '../../../../src/model/quantize/kept-linears.js';
import { hashFiles } from '../../../../src/model/quantize/hashed-files.js';
import { openCheckpoint } from '../../../../src/model/source/safetensors.js';
import { CPU_TARGET, targetFor } from '../../../../src/model/target.js';
import { goldenFolder } from '../golden.js';

/** An entry that lies on a disk is found again, until the recipe, or what a plan says, is another. */
const KEY_OF_THE_CPU = 'int8-2a26aa7286b6165b56cd8f4d1e5d0718';

const folder = goldenFolder('llama-blocks');
const { config, plan } = readDecoder(
  JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')),
);
const FACTS: CacheKeyFacts = {
  format: 'int8',
  plan,
  headDim: config.headDim,
  numKvHeads: config.numKvHeads,
  target: CPU_TARGET,
  checkpoint: await openCheckpoint(folder),
  kept: NONE_KEPT,
  texts: null,
};

async function keyOf(facts: CacheKeyFacts): Promise<string> {
  return cacheKey(facts, await hashFiles(facts.checkpoint.files.map(({ path }) => path)));
}

t.test('an entry of the CPU has the name that it had', async (t) => {
  t.equal(await keyOf(FACTS), KEY_OF_THE_CPU);
});

t.test('so has one for any kernel, and one for a kernel with whole sums has another', async (t) => {
  t.equal(await keyOf({ ...FACTS, sums: 'pairs' }), KEY_OF_THE_CPU);
  t.not(await keyOf({ ...FACTS, sums: 'whole' }), KEY_OF_THE_CPU);
});

t.test('each target has entries of its own', async (t) => {
  const targets = [
    CPU_TARGET,
    targetFor({ device: 'webgpu', dtype: 'auto' }, 'bf16'),
    targetFor({ device: 'webgpu', dtype: 'float16' }, 'bf16'),
    targetFor({ device: 'cuda', dtype: 'float16' }, 'bf16'),
    targetFor({ device: 'cuda', dtype: 'bfloat16' }, 'bf16'),
  ];
  const keys = new Set<string>();
  for (const target of targets) keys.add(await keyOf({ ...FACTS, target }));
  t.equal(keys.size, targets.length);
  for (const key of keys) t.match(key, /^int8-[0-9a-f]{32}$/);
});

t.test('and each format, network and checkpoint', async (t) => {
  const other = await openCheckpoint(goldenFolder('llama-tied'));
  const changes: readonly Partial<CacheKeyFacts>[] = [
    { format: 'int4' },
    { format: 'int4', texts: [Int32Array.of(1, 2)] },
    { format: 'int4', texts: [Int32Array.of(1, 3)] },
    { headDim: 8 },
    { numKvHeads: 1 },
    { checkpoint: other },
  ];
  const keys = new Set([await keyOf(FACTS)]);
  for (const change of changes) keys.add(await keyOf({ ...FACTS, ...change }));
  t.equal(keys.size, 1 + changes.length);
});
