import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { generate, postJson } from './client.js';
import { startRadish } from './radish-process.js';

/** One checkpoint per architecture; the other variants are compared without HTTP in test/unit/model. */
const NAMES = [
  'deepseek-v2',
  'gemma2',
  'gemma2-wide',
  'gemma3n',
  'gemma4',
  'llama-llama3',
  'minicpm3',
  'mistral',
  'qwen2',
  'qwen3',
  'qwen2-moe',
];
const FAMILIES = join('test', 'fixtures', 'families');

interface Golden {
  readonly inputIds: number[];
  readonly logprobs: number[][];
}

t.test('prompt log-probabilities are those of transformers, cold and after a hit', async (t) => {
  for (const name of NAMES) {
    const folder = join(FAMILIES, name);
    const golden = JSON.parse(await readFile(join(folder, 'golden.json'), 'utf8')) as Golden;
    const flags = ['--model-path', folder, '--skip-tokenizer-init', '--page-size', '4'];
    const radish = await startRadish([...flags, '--chunked-prefill-size', '7']);
    const ids = golden.inputIds;
    const expected = ids.slice(1).map((id, i) => golden.logprobs[i]?.[id] ?? NaN);
    const score = async (startLen: number) => {
      const answer = await generate(radish.url, {
        input_ids: ids,
        sampling_params: { max_new_tokens: 0 },
        return_logprob: true,
        logprob_start_len: startLen,
      });
      const rows = answer.meta_info['input_token_logprobs'] as [number | null, number][];
      const worst = rows.reduce((max, [value, id], i) => {
        const position = startLen + i;
        t.equal(id, ids[position]);
        if (position === 0) return max;
        return Math.max(max, Math.abs((value ?? NaN) - (expected[position - 1] ?? NaN)));
      }, 0);
      return { worst, cached: answer.meta_info.cached_tokens };
    };
    const cold = await score(0);
    t.ok(cold.worst < 1e-4, `${name}: off by ${cold.worst}`);
    const warm = await score(30);
    t.ok(warm.worst < 1e-4, `${name}, after a hit: off by ${warm.worst}`);
    t.ok(warm.cached > 0, `${name}: ${warm.cached} cached`);
    const bad = await postJson(`${radish.url}/generate`, { input_ids: [1_000_000] });
    t.equal(bad.status, 400);
    await radish.stop();
  }
});
