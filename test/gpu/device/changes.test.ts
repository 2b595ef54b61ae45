/** What may be done to a server on a GPU while it runs: its memory, its weights. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Test } from 'tap';
import { generate, generateStream, kvPools, postJson, settledPools } from '../../e2e/client.js';
import { gpuTest, greedy, startOnGpu, story } from './gpu-server.js';

/** Room for one set of weights and few pages. */
const TIGHT = ['--gpu-memory-gb', '0.28'];

interface Outcome {
  readonly success: boolean;
  readonly message: string;
}

async function update(url: string, version: string): Promise<Outcome> {
  const body = { model_path: 'radish-tiny', weight_version: version };
  return (await (await postJson(`${url}/update_weights_from_disk`, body)).json()) as Outcome;
}

/** Until a request holds pages. */
async function isRunning(url: string): Promise<void> {
  while (!(await kvPools(url)).some((pool) => pool.held_tokens > 0)) await wait(10);
}

gpuTest('memory is given back and taken again, weights change beside the old ones', async (t) => {
  const { url } = await startOnGpu(t, ['--enable-memory-saver', '--max-total-tokens', '8192']);
  const { output_ids: expected } = await generate(url, greedy(story(0), 8));
  const isSame = async (t: Test): Promise<void> => {
    t.same((await generate(url, greedy(story(0), 8))).output_ids, expected);
  };

  for (const tags of [['kv_cache'], ['kv_cache', 'weights']]) {
    await t.test(`release ${tags.join(' and ')}`, async (t) => {
      t.equal((await postJson(`${url}/release_memory_occupation`, { tags })).status, 200);
      const waiting = generate(url, greedy(story(0), 8));
      await wait(200);
      t.equal((await postJson(`${url}/resume_memory_occupation`, { tags })).status, 200);
      const answer = await waiting;
      t.same(answer.output_ids, expected);
      t.equal(answer.meta_info.cached_tokens, 0);
    });
  }

  await t.test('an update, a request running', async (t) => {
    const running = generate(url, greedy(story(1), 60));
    await isRunning(url);
    t.match(await update(url, 'b'), { success: true });
    const [old, next] = await Promise.all([running, generate(url, greedy(story(0), 8))]);
    t.equal(old.output_ids.length, 60);
    t.equal(old.meta_info['weight_version'], 'default');
    t.equal(next.meta_info['weight_version'], 'b');
    t.same(next.output_ids, expected);
    await settledPools(url);
    t.match(await update(url, 'c'), { success: true }, 'again');
    await isSame(t);
  });
});

gpuTest('weights that do not fit beside the old ones are refused', async (t) => {
  const { url } = await startOnGpu(t, TIGHT);
  const refused = await update(url, 'b');
  t.notOk(refused.success);
  t.match(
    refused.message,
    /^Failed to update weights: the new weights take 13 MiB beside the running ones, and \d+ MiB are free\.\nRolling back to original weights\.$/,
  );
  t.equal((await generate(url, greedy(story(0), 4))).meta_info['weight_version'], 'default');
});

gpuTest('or take their place, with --update-in-place', async (t) => {
  const radish = await startOnGpu(t, [...TIGHT, '--update-in-place']);
  const { url } = radish;
  const { output_ids: expected } = await generate(url, greedy(story(0), 8));
  const running = generateStream(url, greedy(story(1), 40));
  await isRunning(url);
  const updating = update(url, 'b');
  while (!radish.log().includes('requests are drained')) await wait(10);
  const meanwhile = generate(url, greedy(story(0), 8));
  const old = (await running).at(-1);
  t.equal(old?.output_ids.length, 40, 'it finishes');
  t.equal(old?.meta_info['weight_version'], 'default');
  t.match(await updating, { success: true });
  const answer = await meanwhile;
  t.same(answer.output_ids, expected);
  t.equal(answer.meta_info['weight_version'], 'b');
  t.match(await update(url, 'c'), { success: true }, 'again');
  t.same((await generate(url, greedy(story(0), 8))).output_ids, expected);
  await settledPools(url);
});
