import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { generate, postJson } from './client.js';
import { type RadishProcess, runRadish, startRadish } from './radish-process.js';

/** One shape by three methods, as their tools wrote it, each beside what its tool unpacks: test/fixtures/make_*.py. */
const MODELS = join('test', 'fixtures', 'quantized');
const NAMES = ['gptq-llama-bits', 'awq-llama', 'bnb-llama-nf4'];

t.test(
  'quantised checkpoints answer as their plain weights do, and take their places',
  async (t) => {
    const cache = join(t.testdir(), 'cache');
    const start = (model: string): Promise<RadishProcess> => {
      const flags = ['--quantization', 'none', '--quantization-cache-dir', cache];
      return startRadish(['--model-path', model, '--skip-tokenizer-init', ...flags]);
    };
    const plain = await Promise.all(NAMES.map((name) => plainFolder(t, name)));
    const expected = new Map<string, unknown>();
    for (const folder of plain) {
      const radish = await start(folder);
      expected.set(folder, await greedy(radish.url));
      await radish.stop();
    }
    const radish = await start(join(MODELS, 'gptq-llama-bits'));
    t.teardown(() => radish.stop());
    t.same(await greedy(radish.url), expected.get(plain[0] ?? ''), 'as it starts');
    for (const next of [1, 0, 2]) {
      const model_path = join(MODELS, NAMES[next] ?? '');
      const updated = await postJson(`${radish.url}/update_weights_from_disk`, { model_path });
      t.match(await updated.json(), { success: true });
      t.same(await greedy(radish.url), expected.get(plain[next] ?? ''), model_path);
    }
    const [last = ''] = plain;
    await postJson(`${radish.url}/update_weights_from_disk`, { model_path: last });
    t.same(
      await greedy(radish.url),
      expected.get(last),
      'plain weights in the place of packed ones',
    );
  },
);

t.test('--quantization names how a checkpoint is stored, and is held against it', async (t) => {
  const cache = ['--quantization-cache-dir', join(t.testdir(), 'cache')];
  const model = ['--model-path', join(MODELS, 'awq-llama'), '--skip-tokenizer-init'];
  const flags = [...model, ...cache, '--quantization'];
  const wrong = runRadish([...flags, 'gptq']);
  t.equal(await wrong.exit, 1);
  t.match(wrong.log(), /\(awq\) does not match .* in the `quantization` argument \(gptq\)\.$/m);
  const radish = await startRadish([...flags, 'awq_marlin']);
  t.teardown(() => radish.stop());
  const info = await (await fetch(`${radish.url}/server_info`)).json();
  t.match(info, { quantization: 'awq_marlin' });
  const plain = { model_path: await plainFolder(t, 'bnb-llama-nf4') };
  const updated = await postJson(`${radish.url}/update_weights_from_disk`, plain);
  t.match(await updated.json(), { success: true }, 'other weights may be stored otherwise');
});

async function greedy(url: string): Promise<unknown> {
  const { meta_info, output_ids } = await generate(url, {
    input_ids: [5, 9, 33, 21, 7, 7, 60, 2],
    sampling_params: { temperature: 0, max_new_tokens: 12, ignore_eos: true },
    return_logprob: true,
    logprob_start_len: 0,
  });
  const { input_token_logprobs, output_token_logprobs } = meta_info;
  return { output_ids, input_token_logprobs, output_token_logprobs };
}

async function plainFolder(t: Test, name: string): Promise<string> {
  const folder = join(t.testdirName, name);
  await cp(join(MODELS, name, 'config.json'), join(folder, 'config.json'));
  await cp(join(MODELS, name, 'reference.safetensors'), join(folder, 'model.safetensors'));
  const path = join(folder, 'config.json');
  const config = JSON.parse(await readFile(path, 'utf8')) as object;
  await writeFile(path, JSON.stringify({ ...config, quantization_config: null }));
  return folder;
}
