import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';

import { openEmbedDevice } from '../../../../../src/device/embed/embed-device.js';
import { openSource } from '../../../../../src/model/source/registry.js';
import { pooledFolder, preparePooled, readPooledGolden } from '../../pooled-golden.js';

/** Written by test/fixtures/make_gguf_families.py with llama.cpp's converter. */
const FILES = join('test', 'fixtures', 'gguf', 'pooled');

for (const name of [
  'gemma3-mutual',
  'jina-bert',
  'modernbert',
  'modernbert-cross',
  'nomic',
  'nomic-moe',
  'xlmr-cross',
]) {
  t.test(`${name}.gguf makes the vectors of its folder`, async (t) => {
    const file = await vectorsOf(join(FILES, `${name}.gguf`), name);
    t.same(file, await vectorsOf(await likeFile(t, name), name));
    t.ok(file.length > 0 && file.every(Number.isFinite));
  });
}

const PADDING = 1;

/** What a file cannot say. */
const UNSAID: Readonly<Record<string, object>> = {
  // The converter leaves out the bias of the experts.
  'nomic-moe': { moe_bias: false },
  'gemma3-mutual': { query_pre_attn_scalar: 16, layer_types: null },
};

/** The folder as a file says it: pooled, and divided by its length. */
async function likeFile(t: Test, name: string): Promise<string> {
  const folder = t.testdir();
  await cp(pooledFolder(name), folder, { recursive: true });
  const configPath = join(folder, 'config.json');
  const config = JSON.parse(await readFile(configPath, 'utf8')) as object;
  await writeFile(configPath, JSON.stringify({ ...config, ...UNSAID[name] }));
  const path = join(folder, 'modules.json');
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) return folder;
  const modules = (JSON.parse(text) as { readonly type: string }[]).filter(({ type }) => {
    return /\.(Transformer|Pooling)$/.test(type);
  });
  const normalize = { type: 'sentence_transformers.models.Normalize', path: '2_Normalize' };
  await writeFile(path, JSON.stringify([...modules, normalize]));
  return folder;
}

async function vectorsOf(path: string, name: string): Promise<readonly number[]> {
  const model = await preparePooled(path);
  const { embedding } = model.spec;
  if (embedding === null) throw new Error(`${path} does not embed`);
  const device = await openEmbedDevice(model, embedding, { numThreads: 1, spinning: false });
  const { sequences } = await readPooledGolden(name);
  // RoBERTa gives padding no place of its own, which no file says: no text has it.
  const usual = sequences.filter(({ tokens }) => !tokens.includes(PADDING));
  const texts = usual.map(({ tokens, tokenTypes }) => ({
    tokens: Int32Array.from(tokens),
    tokenTypes: tokenTypes && Int32Array.from(tokenTypes),
  }));
  const { vectors } = await device.runner.execute(
    { step: 0, sequences: texts, recordsExperts: false },
    () => undefined,
  );
  await device.release();
  return [...vectors];
}

t.test('a reranker whose file has lost a linear of its head is refused', async (t) => {
  await t.rejects(openSource(join(FILES, 'bert-cross.gguf')).config(), {
    message: /bert-cross\.gguf: its head for classes lacks the linear before the last \("cls"\)/,
  });
});
