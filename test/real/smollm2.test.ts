import t from 'tap';
import { generate, generateStream, postJson, settledPools } from '../e2e/client.js';
import { startRadish } from '../e2e/radish-process.js';

/** The folder of a real SmolLM2-135M-Instruct: see fetch-model.sh. */
const model = process.env['RADISH_TEST_MODEL'];

const chat = (question: string) =>
  `<|im_start|>user\n${question}<|im_end|>\n<|im_start|>assistant\n`;
const greedy = { temperature: 0, max_new_tokens: 48 };

const prompts = Array.from(
  { length: 16 },
  (_, i) => `${'Water boils when it is hot. '.repeat(i * 3)}The capital of France is`,
);

for (const format of ['auto', 'int8', 'none']) {
  t.test(`SmolLM2-135M-Instruct, --quantization ${format}`, async (t) => {
    if (model === undefined) throw new Error('RADISH_TEST_MODEL is not set');
    const flags = ['--model-path', model, '--quantization', format];
    const radish = await startRadish([...flags, '--enable-deterministic-inference']);
    t.teardown(() => radish.stop());
    const { url } = radish;

    t.test('knows the capital of France', async (t) => {
      const text = chat('What is the capital of France?');
      const answer = await generate(url, { text, sampling_params: greedy });
      t.match(answer.text, /Paris/);
      t.equal(answer.meta_info.finish_reason?.type, 'stop');
    });

    t.test('16 streams at once give the answers of one after the other', async (t) => {
      const bodies = prompts.map((text) => ({
        text,
        sampling_params: { temperature: 0, max_new_tokens: 24, ignore_eos: true },
        return_logprob: true,
      }));
      const essence = (answer: { output_ids: number[]; meta_info: object } | undefined) => [
        answer?.output_ids,
        (answer?.meta_info as { output_token_logprobs?: unknown }).output_token_logprobs,
      ];
      const alone: unknown[] = [];
      for (const body of bodies) {
        await postJson(`${url}/flush_cache`, {});
        alone.push(essence(await generate(url, body)));
      }
      await postJson(`${url}/flush_cache`, {});
      const together = await Promise.all(bodies.map((body) => generateStream(url, body)));
      for (const [i, frames] of together.entries()) {
        t.same(essence(frames.at(-1)), alone[i], `prompt ${i}`);
      }
      await settledPools(url);
    });

    t.test('a long system prompt is computed once', async (t) => {
      const system = 'You answer in one short sentence. '.repeat(70);
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, i) =>
          generate(url, { text: `${system} Number ${i}:`, sampling_params: { max_new_tokens: 1 } }),
        ),
      );
      const cached = answers.map((answer) => answer.meta_info.cached_tokens);
      t.equal(cached.filter((n) => n < 400).length, 1, `cached_tokens: ${cached.join(' ')}`);
    });
  });
}
