import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';

import type { LoadFormat } from '../../../../../src/model/built-model.js';
import type { PreparedCheckpoint } from '../../../../../src/model/prepare-model.js';
import { goldenFolder, readGolden } from '../../golden.js';
import { compareAnswers, prepareHere, type Pair } from '../../same-answers.js';

/** Written by test/fixtures/make_gguf_models.py with the gguf package. */
const MODELS = join('test', 'fixtures', 'gguf', 'models');

interface Expectation {
  /** Largest difference of a log-probability. */
  readonly within: number;
  /** What the file cannot say, or says by what it lacks. */
  readonly config?: Readonly<Record<string, unknown>>;
}

const cacheDir = t.testdir();

/** What differs from the folder in its last bits is said by why. */
const FILES: Readonly<Record<string, Expectation>> = {
  'llama-tied': { within: 0 },
  'llama-bias': { within: 0 },
  // Frequencies are divided by factors that were rounded to f32.
  'llama-llama3': { within: 1e-5 },
  'llama-yarn': { within: 0 },
  mistral: { within: 0 },
  qwen2: { within: 0 },
  qwen3: { within: 0 },
  'qwen2-moe': { within: 0 },
  // Gains of norms were rounded with 1 added to them.
  gemma2: { within: 1e-5, config: { query_pre_attn_scalar: 16 } },
};

for (const [name, { within, config = {} }] of Object.entries(FILES)) {
  t.test(`${name}.gguf computes what its folder does`, async (t) => {
    const folder = await changedFolder(t, goldenFolder(name), config);
    await compare(t, { file: join(MODELS, `${name}.gguf`), folder, name, within });
  });
}

t.test('blocks compute what the weights do that the gguf package unpacks from them', async (t) => {
  const name = 'llama-blocks';
  const folder = t.testdir();
  await cp(join(goldenFolder(name), 'config.json'), join(folder, 'config.json'));
  const unpacked = join(MODELS, `${name}-q4_0.safetensors`);
  await cp(unpacked, join(folder, 'model.safetensors'));
  await compare(t, { file: join(MODELS, `${name}-q4_0.gguf`), folder, name, within: 0 });
  for (const quantization of ['int8', 'w8a8_int8'] as const) {
    const file = join(MODELS, `${name}-q4_0.gguf`);
    await compare(t, { file, folder, name, within: 0, quantization });
  }
});

async function changedFolder(
  t: Test,
  folder: string,
  change: Readonly<Record<string, unknown>>,
): Promise<string> {
  if (Object.keys(change).length === 0) return folder;
  const changed = t.testdir();
  await cp(folder, changed, { recursive: true });
  const path = join(changed, 'config.json');
  const config = JSON.parse(await readFile(path, 'utf8')) as object;
  await writeFile(path, JSON.stringify({ ...config, ...change }));
  return changed;
}

interface FilePair extends Omit<Pair, 'model' | 'reference' | 'inputIds'> {
  readonly file: string;
  readonly folder: string;
  /** Of the golden that has the tokens. */
  readonly name: string;
}

async function compare(t: Test, { file, folder, name, ...pair }: FilePair): Promise<void> {
  const { inputIds } = await readGolden(name);
  await compareAnswers(t, cacheDir, { model: file, reference: folder, inputIds, ...pair });
}

t.test('--load-format gguf and safetensors take what they name, and nothing else', async (t) => {
  const file = join(MODELS, 'qwen2.gguf');
  const prepare = (folder: string, loadFormat: LoadFormat): Promise<PreparedCheckpoint> =>
    prepareHere(t, { folder, quantization: 'none', cacheDir, loadFormat });
  t.equal((await prepare(file, 'gguf')).info.folder, file);
  await t.rejects(prepare(file, 'safetensors'), {
    message: /qwen2\.gguf is gguf, and --load-format is safetensors\.$/,
  });
  await t.rejects(prepare(goldenFolder('qwen2'), 'gguf'), {
    message: /qwen2 is safetensors, and --load-format is gguf\.$/,
  });
});
