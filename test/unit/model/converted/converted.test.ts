import { createHash } from 'node:crypto';
import {
  cp,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';

import t from 'tap';

import { openEmbedDevice } from '../../../../src/device/embed/embed-device.js';
import type { Manifest } from '../../../../src/model/converted/manifest.js';
import type { PreparedCheckpoint } from '../../../../src/model/prepare-model.js';
import { openCheckpoint } from '../../../../src/model/source/safetensors.js';
import { Teacher } from '../../../bench/quality/teacher.js';
import { goldenFolder, readGolden } from '../golden.js';
import { pooledFolder, readPooledGolden } from '../pooled-golden.js';
import { Converter } from './converted-folder.js';

const MODEL = goldenFolder('llama-blocks');
const GGUF = join('test', 'fixtures', 'gguf', 'models', 'llama-blocks-q4_0.gguf');

/** Log-probabilities of a text, as bits. */
async function answerOf(model: PreparedCheckpoint): Promise<string> {
  const { inputIds } = await readGolden('llama-blocks');
  const teacher = await Teacher.load(model, inputIds.length, 1);
  const { buffer } = await teacher.logprobs(inputIds);
  await teacher.release();
  return Buffer.from(buffer).toString('base64');
}

/** Vectors of a golden's texts, as bits. */
async function vectorsOf(model: PreparedCheckpoint, name: string): Promise<string> {
  const { embedding } = model.spec;
  if (embedding === null) throw new Error(`${name} does not embed`);
  const { sequences } = await readPooledGolden(name);
  const { runner, release } = await openEmbedDevice(model, embedding, {
    numThreads: 1,
    spinning: false,
  });
  const plan = {
    step: 0,
    sequences: sequences.map(({ tokens }) => ({
      tokens: Int32Array.from(tokens),
      tokenTypes: null,
    })),
  };
  const { vectors } = await runner.execute(plan, () => undefined);
  await release();
  return Buffer.from(vectors.buffer).toString('base64');
}

/** Changes a manifest, and makes its digest that of the changed one. */
async function forge(folder: string, change: (manifest: Manifest) => object): Promise<void> {
  const path = join(folder, 'radish.json');
  const manifest = JSON.parse(await readFile(path, 'utf8')) as Manifest;
  const content = { ...manifest, ...change(manifest), digest: undefined };
  const digest = createHash('sha256').update(JSON.stringify(content)).digest('hex');
  await writeFile(path, JSON.stringify({ ...content, digest }));
}

t.test('a converted model answers as the original in that format, to the bit', async (t) => {
  const here = Converter.in(t);
  const cases = [
    [MODEL, 'w8a8_int8'],
    [MODEL, 'int8'],
    [MODEL, 'int4'],
    [goldenFolder('qwen2-moe-blocks'), 'int4'],
    [GGUF, 'int4'],
  ] as const;
  for (const [at, [path, format]] of cases.entries()) {
    const original = await here.prepare(path, format);
    const out = await here.convert(path, format, `out-${at}`);
    // Somewhere else, without a cache.
    const elsewhere = new Converter(join(here.folder, `elsewhere-${at}`));
    await mkdir(elsewhere.folder);
    const moved = join(elsewhere.folder, 'model');
    await rename(out, moved);
    const converted = await elsewhere.prepare(moved, 'auto');
    await converted.proof;
    t.match(converted.spec, { ...original.spec }, `${path} in ${format}`);
    t.equal(await answerOf(converted), await answerOf(original), `${path} in ${format}`);
    t.equal(elsewhere.numJobs, 0, 'nothing is quantized');
    t.same(await readdir(elsewhere.folder), ['model'], 'nothing is written');
    t.same(converted.info.kept, original.info.kept);
  }
});

t.test('so does one that answers with vectors, however it pools', async (t) => {
  const here = Converter.in(t);
  for (const name of ['bert-blocks', 'llama-blocks']) {
    const folder = pooledFolder(name);
    const original = await here.prepare(folder, 'w8a8_int8');
    const out = await here.convert(folder, 'w8a8_int8', name);
    const elsewhere = new Converter(join(here.folder, `elsewhere-${name}`));
    await mkdir(elsewhere.folder);
    const converted = await elsewhere.prepare(out, 'auto');
    await converted.proof;
    t.match(converted.spec, { ...original.spec }, name);
    t.equal(await vectorsOf(converted, name), await vectorsOf(original, name), name);
    t.equal(elsewhere.numJobs, 0, 'nothing is quantized');
    await t.rejects(elsewhere.prepare(out, 'int8'), { message: /was converted to w8a8_int8/ });
  }
});

t.test(
  'a network is put into the folder itself, where its modules.json has it elsewhere',
  async (t) => {
    const here = Converter.in(t);
    const folder = join(here.folder, 'nested');
    const part = join(folder, '0_Transformer');
    await cp(pooledFolder('bert-blocks'), part, { recursive: true });
    await rename(join(part, '1_Pooling'), join(folder, '1_Pooling'));
    const list = JSON.parse(await readFile(join(part, 'modules.json'), 'utf8')) as object[];
    const modules = list.map((entry, at) =>
      at === 0 ? { ...entry, path: '0_Transformer' } : entry,
    );
    await writeFile(join(folder, 'modules.json'), JSON.stringify(modules));
    await rm(join(part, 'modules.json'));
    const original = await here.prepare(folder, 'w8a8_int8');
    const converted = await here.prepare(await here.convert(folder, 'w8a8_int8', 'out'), 'auto');
    const name = 'bert-blocks';
    t.equal(await vectorsOf(converted, name), await vectorsOf(original, name));
  },
);

t.test('what it was converted for is what it is served as', async (t) => {
  const here = Converter.in(t);
  const generates = await here.convert(MODEL, 'int8', 'generates');
  await t.rejects(here.prepare(generates, 'auto', { isEmbedding: true }), {
    message: `${generates} was converted as a model that generates: convert the original with --is-embedding.`,
  });
  const embeds = await here.convert(MODEL, 'int8', 'embeds', { isEmbedding: true });
  await t.rejects(here.prepare(embeds, 'auto'), {
    message: `${embeds} was converted as a model that answers with vectors: serve it with --is-embedding.`,
  });
  t.equal((await here.prepare(embeds, 'auto', { isEmbedding: true })).spec.format, 'int8');
});

t.test('the folder says what it was made of, and is one that a hub knows', async (t) => {
  const here = Converter.in(t);
  const out = await here.convert(MODEL, 'int8', 'out');
  t.same((await readdir(out)).sort(), [
    'config.json',
    'golden.json',
    'model.safetensors',
    'radish.json',
  ]);
  const manifest = JSON.parse(await readFile(join(out, 'radish.json'), 'utf8')) as Manifest;
  const bytes = await readFile(join(MODEL, 'model.safetensors'));
  t.match(manifest, {
    version: 1,
    format: 'int8',
    architecture: 'LlamaForCausalLM',
    source: {
      model: 'acme/small',
      files: [
        {
          name: 'model.safetensors',
          bytes: bytes.length,
          sha256: createHash('sha256').update(bytes).digest('hex'),
        },
      ],
    },
  });
  t.same([...(await openCheckpoint(out)).tensors.keys()], ['radish.weights']);
  // As in a hub's cache: names that are links to where the bytes lie.
  const [blobs, snapshot] = [join(here.folder, 'blobs'), join(here.folder, 'snapshot')];
  await rename(out, blobs);
  await mkdir(snapshot);
  await rename(join(blobs, 'model.safetensors'), join(blobs, 'a1b2'));
  await symlink(join(blobs, 'a1b2'), join(snapshot, 'model.safetensors'));
  for (const name of ['config.json', 'radish.json']) {
    await symlink(join(blobs, name), join(snapshot, name));
  }
  const linked = await here.prepare(snapshot, 'auto');
  t.equal(await answerOf(linked), await answerOf(await here.prepare(MODEL, 'int8')));
});

t.test('what is wrong with a folder is a sentence', async (t) => {
  const here = Converter.in(t);
  const out = await here.convert(MODEL, 'int8', 'out');
  const cases: [what: string, spoil: (folder: string) => Promise<unknown>, sentence: RegExp][] = [
    [
      'a byte that is another',
      async (folder) => {
        const path = join(folder, 'model.safetensors');
        const bytes = await readFile(path);
        bytes[9000] = (bytes[9000] ?? 0) ^ 1;
        await writeFile(path, bytes);
      },
      /model\.safetensors is damaged: it is not what radish convert wrote\. Copy it anew\.$/,
    ],
    [
      'weights that end too early',
      (folder) => truncate(join(folder, 'model.safetensors'), 5000),
      /model\.safetensors has 5000 bytes, and radish convert wrote \d+: copy it anew\.$/,
    ],
    [
      'no weights',
      (folder) => rm(join(folder, 'model.safetensors')),
      /^Cannot read .*model\.safetensors \(ENOENT\)\.$/,
    ],
    [
      'no config.json',
      (folder) => rm(join(folder, 'config.json')),
      /^Cannot read .*config\.json \(ENOENT\)\.$/,
    ],
    [
      'a manifest that is no JSON',
      (folder) => truncate(join(folder, 'radish.json'), 100),
      /radish\.json is not valid JSON\.$/,
    ],
    [
      'a manifest that somebody edited',
      async (folder) => {
        const path = join(folder, 'radish.json');
        const text = await readFile(path, 'utf8');
        await writeFile(path, text.replace('"format":"int8"', '"format":"int4"'));
      },
      /radish\.json is damaged: it is not what radish convert wrote\.$/,
    ],
    [
      'a manifest of a version to come',
      (folder) => forge(folder, () => ({ version: 99 })),
      /radish\.json has the version 99, and this Radish knows 1\. A newer Radish may have written it\.$/,
    ],
    [
      'a recipe to come',
      (folder) => forge(folder, () => ({ recipe: 99 })),
      /radish\.json is of the recipe 99, and this Radish knows \d.*\. A newer Radish may have/,
    ],
    [
      'a recipe of before',
      (folder) => forge(folder, () => ({ recipe: 1 })),
      /is of the recipe 1, and this Radish knows \d.*\. Convert the model anew\.$/,
    ],
    [
      'fields that lack',
      (folder) => forge(folder, () => ({ weights: null })),
      /radish\.json lacks fields that a converted model has\.$/,
    ],
    [
      'tensors that lie elsewhere',
      (folder) =>
        forge(folder, ({ map }) => ({
          map: JSON.parse(JSON.stringify(map).replaceAll('"offset":', '"offset":9')) as object,
        })),
      /radish\.json has a tensor that does not lie in model\.safetensors\.$/,
    ],
    [
      'linears that are not there',
      (folder) => forge(folder, ({ map }) => ({ map: { ...map, linears: {} } })),
      /has weights of another network than its config\.json/,
    ],
    [
      'a network that is computed in another way',
      (folder) => forge(folder, () => ({ network: 'other' })),
      /was written by a Radish that computes LlamaForCausalLM in another way: convert the model anew\.$/,
    ],
    [
      'another network',
      (folder) => cp(join(goldenFolder('qwen3'), 'config.json'), join(folder, 'config.json')),
      /has weights of another network than its config\.json/,
    ],
  ];
  for (const [what, spoil, message] of cases) {
    const folder = join(here.folder, 'spoilt');
    await cp(out, folder, { recursive: true });
    await spoil(folder);
    const load = here.prepare(folder, 'auto').then(({ proof }) => proof);
    await t.rejects(load, { name: 'Error', message }, what);
    await rm(folder, { recursive: true });
  }
});

t.test('what quantized weights cannot do is a sentence', async (t) => {
  const here = Converter.in(t);
  const out = await here.convert(MODEL, 'int8', 'out');
  await t.rejects(here.prepare(out, 'int4'), {
    message: `--quantization int4 is not possible: ${out} was converted to int8. Use auto or int8.`,
  });
  await t.rejects(here.prepare(out, 'none'), { message: /was converted to int8/ });
  t.equal((await here.prepare(out, 'int8')).spec.format, 'int8');
  await t.rejects(here.prepare(out, 'auto', { loadFormat: 'safetensors' }), {
    message: `${out} is converted, and --load-format is safetensors.`,
  });
  const overlay = { files: [], tensors: new Map() };
  await t.rejects(here.prepare(out, 'auto', { overlay }), {
    message: /tensors that are sent cannot be put among quantized ones/,
  });
  const device = { device: 'webgpu', dtype: 'auto', kvCacheDtype: 'auto' } as const;
  await t.rejects(here.prepare(out, 'auto', { device }), {
    message: /was converted for --device cpu in f32, and is asked for on webgpu in f32/,
  });
  const dummy = await here.prepare(out, 'int8', { loadFormat: 'dummy' });
  t.not(dummy.weightsFolder, out, 'dummy weights need its config.json alone');
});

t.test('a folder that is there is not written over, and none is left by halves', async (t) => {
  const here = Converter.in(t);
  const names = async (): Promise<string[]> => (await readdir(here.folder)).sort();
  await mkdir(join(here.folder, 'full/below'), { recursive: true });
  await mkdir(join(here.folder, 'empty'));
  await writeFile(join(here.folder, 'file'), '');
  await t.rejects(here.convert(MODEL, 'int8', 'full'), {
    message: `--out ${join(here.folder, 'full')} is there and is not empty: name a new folder.`,
  });
  await t.rejects(here.convert(MODEL, 'int8', 'file'), { message: /is no folder/ });
  await t.rejects(here.convert(MODEL, 'int8', 'file/below'), { message: /cannot be written \(E/ });
  t.same(await names(), ['cache', 'empty', 'file', 'full']);
  await here.convert(MODEL, 'int8', 'empty');
  await here.convert(MODEL, 'int8', 'new/below');
  t.same(await names(), ['cache', 'empty', 'file', 'full', 'new']);
});
