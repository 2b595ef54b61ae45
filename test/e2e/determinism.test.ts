import t from 'tap';
import { generate, generateStream, postJson, settledPools, type GenerateResult } from './client.js';
import { startRadish } from './radish-process.js';

/** 64 prompts of different lengths; greedy, so that an answer is a pure function of its prompt. */
const bodies = Array.from({ length: 64 }, (_, i) => ({
  text: `${'The sky is blue. '.repeat(i % 9)}Question ${i}: what is the capital of France?`,
  sampling_params: { temperature: 0, max_new_tokens: 8 + (i % 40), ignore_eos: true },
  return_logprob: true,
}));

function essence(answer: GenerateResult | undefined): unknown {
  return [answer?.output_ids, answer?.meta_info['output_token_logprobs'], answer?.text];
}

t.test('64 streams at once give the answers of one after the other, bit for bit', async (t) => {
  const radish = await startRadish(['--chunked-prefill-size', '32']);
  t.teardown(() => radish.stop());
  const alone: unknown[] = [];
  for (const body of bodies) {
    await postJson(`${radish.url}/flush_cache`, {});
    alone.push(essence(await generate(radish.url, body)));
  }
  await postJson(`${radish.url}/flush_cache`, {});
  const together = await Promise.all(bodies.map((body) => generateStream(radish.url, body)));
  for (const [i, frames] of together.entries())
    t.same(essence(frames.at(-1)), alone[i], `request ${i}`);
  await settledPools(radish.url);
});

t.test('retractions do not show in the answers', async (t) => {
  const roomy = await startRadish();
  const tight = await startRadish([
    '--max-total-tokens',
    '640',
    '--max-running-requests',
    '32',
    '--schedule-conservativeness',
    '0',
  ]);
  t.teardown(() => Promise.all([roomy.stop(), tight.stop()]));
  const some = bodies.slice(0, 16).map((body, i) => ({
    ...body,
    sampling_params: { ...body.sampling_params, max_new_tokens: 100 + 10 * i },
  }));
  const [expected, got] = await Promise.all(
    [roomy, tight].map((radish) => Promise.all(some.map((body) => generate(radish.url, body)))),
  );
  for (const i of some.keys()) t.same(essence(got?.[i]), essence(expected?.[i]), `request ${i}`);
  const retractions = (got ?? []).map((answer) => Number(answer.meta_info['num_retractions']));
  t.ok(Math.max(...retractions) > 0, `retractions: ${retractions.join(' ')}`);
  await settledPools(tight.url);
});
