import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';

import { readDecoder } from '../../../../src/model/families/registry.js';
import { prepareModel } from '../../../../src/model/prepare-model.js';
import { BUILD_DEPS } from '../../../doubles/build-deps.js';
import { goldenFolder, largestError, readGolden } from '../golden.js';
import { preparePooled } from '../pooled-golden.js';
import { GraphRunner } from '../run-graph.js';
import { TINY_SIZES } from './tiny-sizes.js';

const QWEN = { architectures: ['Qwen2_5_VLForConditionalGeneration'] };
const GEMMA = { architectures: ['Gemma3ForConditionalGeneration'] };

const headOf = (json: unknown): string | undefined => readDecoder(json).plan.head.parts[0]?.weight;
const [TABLE, HEAD] = ['model.embed_tokens.weight', 'lm_head.weight'];

t.test('settings are nested, or among all others; what is left out is as its class has it', (t) => {
  const { config } = readDecoder({ ...QWEN, text_config: TINY_SIZES });
  t.match(readDecoder({ ...QWEN, ...TINY_SIZES }).config, { ...config, modelType: 'qwen2' });
  t.match(config.rope, { type: 'default', theta: 1e6 });
  t.match(readDecoder({ ...GEMMA, text_config: { hidden_size: 2560 } }).config, {
    hiddenSize: 2560,
    vocabSize: 262_208,
    headDim: 256,
    numKvHeads: 4,
  });
  t.match(readDecoder({ text_config: { ...QWEN, ...TINY_SIZES } }).config, config);
  t.end();
});

t.test('the head is the embedding table only where no settings say otherwise', (t) => {
  const tied = (outer: unknown, inner: unknown, names = QWEN): string | undefined =>
    headOf({
      ...names,
      tie_word_embeddings: outer,
      text_config: { ...TINY_SIZES, tie_word_embeddings: inner },
    });
  t.equal(tied(null, null), HEAD);
  t.equal(tied(null, null, GEMMA), TABLE);
  t.equal(tied(true, null), TABLE);
  t.equal(tied(null, true), TABLE);
  t.equal(tied(false, true), HEAD);
  t.equal(tied(true, false, GEMMA), HEAD);
  t.end();
});

t.test('text models of several embed, under any spelling of their tensors', async (t) => {
  for (const name of ['gemma3-multimodal', 'gemma3n-multimodal', 'gemma4-multimodal']) {
    const model = await preparePooled(goldenFolder(name), true);
    t.equal(model.spec.embedding?.dim, 32, name);
  }
});

/** A golden with `rename` done to the names of its tensors, which keeps their length. */
async function renamed(folder: string, rename: (header: string) => string): Promise<string> {
  await cp(goldenFolder('gemma3-multimodal'), folder, { recursive: true });
  const path = join(folder, 'model.safetensors');
  const file = await readFile(path);
  const end = 8 + Number(file.readBigUInt64LE(0));
  const names = rename(file.toString('latin1', 8, end)).padEnd(end - 8);
  if (names.length !== end - 8) throw new Error('this is a bug: the header has another length');
  await writeFile(
    path,
    Buffer.concat([file.subarray(0, 8), Buffer.from(names), file.subarray(end)]),
  );
  return folder;
}

for (const [spelling, rename] of [
  ['the older spelling', (header: string): string => header],
  [
    'the newer spelling',
    (header: string): string =>
      header.replaceAll('"language_model.model.', '"model.language_model.'),
  ],
] as const) {
  t.test(`${spelling}: the same model, and not a word of the layers that see`, async (t) => {
    const folder = await renamed(join(t.testdir(), 'model'), rename);
    // Says that it is not tied: without a head in the file the table is it.
    const path = join(folder, 'config.json');
    const json = JSON.parse(await readFile(path, 'utf8')) as object;
    await writeFile(path, JSON.stringify({ ...json, tie_word_embeddings: false }));
    const warnings: string[] = [];
    const model = await prepareModel(
      { folder, quantization: 'none', loadFormat: 'safetensors', contextLength: null },
      { ...BUILD_DEPS, warn: (message) => warnings.push(message) },
    );
    t.same(warnings, []);
    t.same(model.generation.eosTokenIds, [2]);
    const { inputIds, logprobs } = await readGolden('gemma3-multimodal');
    const runner = await GraphRunner.create(model);
    t.ok(largestError(await runner.extend(0, 0, inputIds, null), logprobs) < 1e-4);
  });
}
