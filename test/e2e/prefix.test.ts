import t from 'tap';
import { generate, generateBatch, postJson, settledPools, treeSizes } from './client.js';
import { startRadish } from './radish-process.js';

const system = `You are a helpful assistant. ${'Be brief and kind to everyone. '.repeat(60)}`;
const ask = (i: number) => ({
  text: `${system} Question ${i}: what is the capital of France?`,
  sampling_params: { temperature: 0, max_new_tokens: 4 },
});

t.test('the prefix cache', async (t) => {
  const radish = await startRadish();
  t.teardown(() => radish.stop());
  const { url } = radish;

  t.test('a burst with one new system prompt computes it once', async (t) => {
    const answers = await Promise.all(Array.from({ length: 32 }, (_, i) => generate(url, ask(i))));
    const cached = answers.map((answer) => answer.meta_info.cached_tokens);
    t.equal(cached.filter((n) => n === 0).length, 1, `cached_tokens: ${cached.join(' ')}`);
    const shared = Math.min(...cached.filter((n) => n > 0));
    t.ok(shared > (answers[0]?.meta_info.prompt_tokens ?? 0) * 0.8, `shared ${shared}`);
    await settledPools(url);
    const [numNodes = 0] = await treeSizes(url);
    t.ok(numNodes > 1, `${numNodes} nodes`);
  });

  t.test('namespaces do not share', async (t) => {
    const salted = await generate(url, { ...ask(0), cache_salt: 'tenant' });
    t.equal(salted.meta_info.cached_tokens, 0);
    const again = await generate(url, { ...ask(0), cache_salt: 'tenant' });
    t.ok(again.meta_info.cached_tokens > 0);
  });

  t.test('a flush empties it, with the exact text', async (t) => {
    const response = await postJson(`${url}/flush_cache`, {});
    t.equal(response.status, 200);
    t.equal(
      await response.text(),
      'Cache flushed.\nPlease check backend logs for more details. (When there are running or waiting requests, the operation will not be performed.)\n',
    );
    const [pool] = await settledPools(url);
    t.equal(pool?.cached_tokens, 0);
    t.same(await treeSizes(url), [0]);
    t.equal((await generate(url, ask(1))).meta_info.cached_tokens, 0);
  });

  t.test('a long answer is reused by the next turn', async (t) => {
    const first = await generate(url, {
      text: 'Tell me a story. ',
      sampling_params: { temperature: 0, max_new_tokens: 64, ignore_eos: true },
    });
    const ids = await generateBatch(url, {
      input_ids: [[1, 2, 3, ...first.output_ids]],
      sampling_params: { max_new_tokens: 1 },
    });
    t.equal(ids[0]?.meta_info.cached_tokens, 0, 'other first tokens share nothing');
  });
});

t.test('--disable-radix-cache shares nothing and leaks nothing', async (t) => {
  const radish = await startRadish(['--disable-radix-cache']);
  t.teardown(() => radish.stop());
  for (const i of [1, 1]) {
    t.equal((await generate(radish.url, ask(i))).meta_info.cached_tokens, 0);
  }
  const [pool] = await settledPools(radish.url);
  t.equal(pool?.cached_tokens, 0);
  t.equal(pool?.free_tokens, pool?.total_tokens);
});
