import { readFile } from 'node:fs/promises';
import t from 'tap';
import { generate, kvPools, postJson, settledPools } from './client.js';
import { startRadish } from './radish-process.js';

t.setTimeout(90_000);

const ask = {
  text: 'The capital of France is',
  sampling_params: { temperature: 0, max_new_tokens: 8 },
};
const NOT_IDLE = 'release_memory_occupation should be called only when no ongoing request.';

/** An answer that takes a second. */
const long = { ...ask, sampling_params: { max_new_tokens: 1500, ignore_eos: true } };

t.test('memory is given back and taken again', async (t) => {
  const flags = ['--enable-memory-saver', '--dp-size', '2', '--max-total-tokens', '65536'];
  const radish = await startRadish(flags);
  const { url, child } = radish;
  t.teardown(() => radish.stop());
  const residentMiB = async () => {
    const status = await readFile(`/proc/${child.pid ?? 0}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
  };
  const release = (body: object) => postJson(`${url}/release_memory_occupation`, body);
  const resume = (body: object) => postJson(`${url}/resume_memory_occupation`, body);
  const first = await generate(url, ask);
  const { text } = first;

  await t.test('not while something runs', async (t) => {
    const left = new AbortController();
    const running = postJson(`${url}/generate`, long, { signal: left.signal });
    running.catch(() => undefined);
    while (!(await kvPools(url)).some((pool) => pool.held_tokens > 0));
    const refused = await release({});
    t.equal(refused.status, 400);
    t.same(await refused.json(), { error: { message: NOT_IDLE } });
    t.equal((await generate(url, ask)).text, text, 'the door is open again');
    t.equal((await release({ tags: ['cuda_graph'] })).status, 400);
    left.abort();
    await settledPools(url);
    t.equal((await release({ tags: ['cuda_graph'] })).status, 200, 'which is nothing here');
    t.equal((await generate(url, ask)).text, text);
  });

  await t.test('kv_cache: pages go, weights stay', async (t) => {
    await Promise.all(
      Array.from({ length: 32 }, (_, i) =>
        generate(url, {
          input_ids: Array.from({ length: 1000 }, (_, j) => 3 + ((i * 7 + j) % 200)),
          sampling_params: { max_new_tokens: 1 },
        }),
      ),
    );
    const full = await residentMiB();
    const released = await release({ tags: ['kv_cache'] });
    t.equal(await released.text(), 'null');
    const pools = await kvPools(url);
    t.equal(pools.length, 2);
    t.ok(pools.every((pool) => pool.free_tokens === pool.total_tokens));
    const empty = await residentMiB();
    t.ok(full - empty > 20, `${Math.round(full)} MiB, then ${Math.round(empty)}`);
    const waiting = generate(url, ask);
    const health = await fetch(`${url}/health`);
    t.equal(health.status, 200);
    t.equal((await resume({ tags: ['kv_cache'] })).status, 200);
    const answer = await waiting;
    t.equal(answer.text, text);
    t.equal(answer.meta_info.cached_tokens, 0);
  });

  await t.test('all of it: no device is left; requests wait until both are back', async (t) => {
    t.equal((await release({})).status, 200);
    const total = (await kvPools(url)).map((pool) => pool.total_tokens);
    t.same(total, [0, 0]);
    t.equal((await release({})).status, 200, 'again is nothing new');
    const update = await postJson(`${url}/update_weights_from_disk`, { model_path: 'radish-tiny' });
    t.match(await update.json(), {
      success: false,
      message: /the weights are released: resume them first/,
    });
    let hasAnswered = false;
    const waiting = generate(url, ask).then((answer) => {
      hasAnswered = true;
      return answer;
    });
    t.equal((await resume({ tags: ['weights'] })).status, 200);
    t.equal((await kvPools(url)).length, 2);
    const updated = await postJson(`${url}/update_weights_from_disk`, {
      model_path: 'radish-tiny',
    });
    t.match(await updated.json(), { success: true });
    t.notOk(hasAnswered, 'the KV is still released');
    t.equal((await resume({ tags: ['kv_cache'] })).status, 200);
    t.equal((await waiting).text, text);
    t.equal((await settledPools(url)).length, 2);
  });

  await t.test('a released server ends as any other', async (t) => {
    t.equal((await release({})).status, 200);
    const refused = postJson(`${url}/generate`, ask);
    await new Promise((resolve) => setTimeout(resolve, 50));
    t.equal(await radish.stop(), 0);
    t.equal((await refused.catch(() => null))?.status, 503);
  });
});
