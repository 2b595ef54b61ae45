import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';

import type { LoadFormat } from '../../../../../src/model/built-model.js';
import { prepareModel, type PreparedCheckpoint } from '../../../../../src/model/prepare-model.js';
import { runQuantizeJob } from '../../../../../src/model/quantize/run-job.js';
import { goldenFolder, readGolden } from '../../golden.js';
import { GraphRunner } from '../../run-graph.js';

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
  for (const quantization of ['int8', 'int4', 'w8a8_int8'] as const) {
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

interface Pair {
  readonly file: string;
  readonly folder: string;
  /** Of the golden that has the tokens. */
  readonly name: string;
  readonly within: number;
  readonly quantization?: 'none' | 'int8' | 'int4' | 'w8a8_int8';
}

async function compare(t: Test, pair: Pair): Promise<void> {
  const { file, folder, name, within, quantization = 'none' } = pair;
  const { inputIds } = await readGolden(name);
  const [ours, theirs] = [
    await logprobs(await prepare(t, file, quantization), inputIds),
    await logprobs(await prepare(t, folder, quantization), inputIds),
  ];
  let worst = 0;
  for (const [row, values] of theirs.entries()) {
    for (const [id, value] of values.entries()) {
      worst = Math.max(worst, Math.abs(value - (ours[row]?.[id] ?? NaN)));
    }
  }
  t.equal(ours.length, inputIds.length);
  t.ok(worst <= within, `${quantization}: off by ${worst}`);
}

t.test('--load-format gguf and safetensors take what they name, and nothing else', async (t) => {
  const file = join(MODELS, 'qwen2.gguf');
  t.equal((await prepare(t, file, 'none', 'gguf')).info.folder, file);
  await t.rejects(prepare(t, file, 'none', 'safetensors'), {
    message: /qwen2\.gguf is gguf, and --load-format is safetensors\.$/,
  });
  await t.rejects(prepare(t, goldenFolder('qwen2'), 'none', 'gguf'), {
    message: /qwen2 is safetensors, and --load-format is gguf\.$/,
  });
});

async function logprobs(
  prepared: PreparedCheckpoint,
  ids: readonly number[],
): Promise<readonly Float32Array[]> {
  const runner = await GraphRunner.create(prepared, { slots: 1 });
  return runner.extend(0, 0, ids, null);
}

/** Jobs run on this thread. */
function prepare(
  t: Test,
  folder: string,
  quantization: NonNullable<Pair['quantization']>,
  loadFormat: LoadFormat = 'auto',
): Promise<PreparedCheckpoint> {
  return prepareModel(
    { folder, quantization, loadFormat, contextLength: null },
    {
      runJob: (job) => {
        runQuantizeJob(job);
        return Promise.resolve();
      },
      cacheDir,
      temporaryDir: cacheDir,
      warn: (message) => t.fail(message),
      progress: () => undefined,
    },
  );
}
