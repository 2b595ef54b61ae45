import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { generate, postJson } from './client.js';
import { startRadish } from './radish-process.js';

/** Written by test/fixtures/make_gguf_models.py with the gguf package. */
const MODELS = join('test', 'fixtures', 'gguf', 'models');
const FAMILIES = join('test', 'fixtures', 'families');

interface Answer {
  readonly ids: unknown;
  readonly logprobs: unknown;
}

/** What a server greedily answers, with the log-probabilities of prompt and answer. */
async function greedy(
  modelPath: string,
  cacheDir: string,
  flags: readonly string[],
): Promise<Answer> {
  const cache = ['--quantization-cache-dir', cacheDir, '--skip-tokenizer-init'];
  const radish = await startRadish(['--model-path', modelPath, ...cache, ...flags]);
  const { meta_info, output_ids } = await generate(radish.url, {
    input_ids: [5, 9, 33, 21, 7, 7, 60, 2],
    sampling_params: { temperature: 0, max_new_tokens: 12, ignore_eos: true },
    return_logprob: true,
    logprob_start_len: 0,
  });
  await radish.stop();
  const { input_token_logprobs, output_token_logprobs } = meta_info;
  return { ids: output_ids, logprobs: [input_token_logprobs, output_token_logprobs] };
}

t.test('a file answers over HTTP as the folder that it was made of, to the bit', async (t) => {
  const cache = t.testdir();
  for (const name of ['llama-tied', 'qwen2-moe', 'qwen3']) {
    const folder = await greedy(join(FAMILIES, name), cache, []);
    t.same(await greedy(join(MODELS, `${name}.gguf`), cache, []), folder, name);
  }
});

t.test('blocks answer as what the gguf package unpacks from them, in each format', async (t) => {
  const folder = t.testdir({ cache: {} });
  const name = 'llama-blocks';
  await cp(join(FAMILIES, name, 'config.json'), join(folder, 'config.json'));
  await cp(join(MODELS, `${name}-q4_0.safetensors`), join(folder, 'model.safetensors'));
  const file = join(MODELS, `${name}-q4_0.gguf`);
  const cache = join(folder, 'cache');
  for (const format of ['none', 'int8']) {
    const flags = ['--quantization', format];
    t.same(await greedy(file, cache, flags), await greedy(folder, cache, flags), format);
  }
});

t.test('an encoder makes the vectors of its folder', async (t) => {
  for (const name of ['bert-mean', 'xlmr-cls']) {
    const vectors: unknown[] = [];
    for (const path of [join(MODELS, `${name}.gguf`), join('test', 'fixtures', 'pooled', name)]) {
      const radish = await startRadish(['--model-path', path, '--skip-tokenizer-init']);
      const answer = await postJson(`${radish.url}/encode`, { input_ids: [5, 9, 33, 21] });
      t.equal(answer.status, 200);
      vectors.push(((await answer.json()) as { readonly embedding: unknown }).embedding);
      await radish.stop();
    }
    t.ok(Array.isArray(vectors[0]), name);
    t.same(vectors[0], vectors[1], name);
  }
});
