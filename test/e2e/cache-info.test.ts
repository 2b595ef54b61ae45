/** Every cause of a miss, made to happen on a server as a user runs it. */
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { generate, generateBatch, generateStream, postJson, settledPools } from './client.js';
import { startRadish, type RadishProcess } from './radish-process.js';

t.setTimeout(120_000);

const TINY = fileURLToPath(new URL('../../../config/tiny', import.meta.url));
const PAGE = 16;

interface CacheInfo {
  readonly cached_tokens: number;
  readonly prompt_tokens: number;
  readonly page_size: number;
  readonly cause: string;
  readonly first_miss: { readonly position: number; readonly [key: string]: unknown } | null;
  readonly message: string;
}

/** `length` ids that count up from `first`. */
const ids = (first: number, length: number): number[] =>
  Array.from({ length }, (_, i) => 10 + ((first + i) % 200));

const one = { temperature: 0, max_new_tokens: 1 };

async function why(
  url: string,
  inputIds: readonly number[],
  more: object = {},
): Promise<CacheInfo> {
  const body = { input_ids: inputIds, sampling_params: one, return_cache_info: true, ...more };
  const { meta_info: meta } = await generate(url, body);
  const info = meta['cache_info'] as CacheInfo;
  if (info.cached_tokens !== meta.cached_tokens) throw new Error('cached_tokens disagree');
  if (info.first_miss !== null) {
    const page = Math.floor(info.first_miss.position / info.page_size);
    if (page * info.page_size !== info.cached_tokens) throw new Error('the miss is elsewhere');
  }
  return info;
}

/** Its own seed of ids each, so that the cases do not meet. */
async function warm(url: string, inputIds: readonly number[], more: object = {}): Promise<void> {
  await generate(url, { input_ids: inputIds, sampling_params: one, ...more });
}

async function start(t: Test, flags: readonly string[] = []): Promise<RadishProcess> {
  const radish = await startRadish(flags);
  t.teardown(() => radish.stop());
  return radish;
}

t.test('one device', async (t) => {
  const { url } = await start(t, ['--max-total-tokens', '1024']);

  t.test('never seen: beside what was', async (t) => {
    const text = 'You are a helpful assistant. You answer in one short sentence. The time is 12:0';
    await warm(url, [], { input_ids: undefined, text: `${text}2, and it is a nice day in Paris.` });
    const body = { text: `${text}3, and it is a nice day in Paris.`, sampling_params: one };
    const wish = { ...body, return_cache_info: true };
    const last = (await generateStream(url, wish)).at(-1);
    t.match(last?.meta_info['cache_info'], {
      cause: 'never_seen',
      first_miss: { text: /3/, expected_text: /2/ },
      message: /^The prompt differs from a cached one at token \d+: ".*3" instead of ".*2"\.$/,
    });
    const headers = { 'content-type': 'application/json', 'x-radish-cache-info': '1' };
    const chat = { prompt: `${text}4, and it is a nice day in Rome.`, max_tokens: 1 };
    const response = await postJson(`${url}/v1/completions`, chat, { headers });
    t.match(await response.json(), { sglext: { cache_info: { cause: 'never_seen' } } });
  });

  t.test('nothing missed', async (t) => {
    await warm(url, ids(1, 64));
    t.match(await why(url, ids(1, 65)), { cause: 'none', first_miss: null, cached_tokens: 64 });
    const short = { cause: 'less_than_a_page', first_miss: null, cached_tokens: 48 };
    t.match(await why(url, ids(1, 64)), short);
    const wants = { return_logprob: true, logprob_start_len: 20 };
    const limited = { cause: 'input_logprobs', first_miss: { position: 16 } };
    t.match(await why(url, ids(1, 64), wants), limited);
  });

  t.test('another namespace', async (t) => {
    await warm(url, ids(20, 64), { extra_key: 'one' });
    const elsewhere = { cause: 'other_namespace', first_miss: { position: 0 } };
    t.match(await why(url, ids(20, 64), { extra_key: 'two' }), elsewhere);
    const foreign = { 'content-type': 'application/json', authorization: 'Bearer another' };
    const body = { input_ids: ids(20, 64), return_cache_info: true, sampling_params: one };
    const init = { headers: foreign };
    const response = await postJson(`${url}/generate`, { ...body, extra_key: 'three' }, init);
    t.match(await response.json(), { meta_info: { cache_info: { cause: 'never_seen' } } });
  });

  t.test('two at once, too short to wait for each other', async (t) => {
    const prompts = [ids(40, 30), ids(40, 30)];
    const body = { input_ids: prompts, sampling_params: one, return_cache_info: true };
    const [, second] = await generateBatch(url, body);
    t.match(second?.meta_info['cache_info'], { cause: 'in_flight' });
  });

  t.test('evicted', async (t) => {
    await warm(url, ids(60, 64));
    for (let i = 0; i < 4; i++) await warm(url, [10 + i, ...ids(61, 500)]);
    t.match(await why(url, ids(60, 64)), { cause: 'evicted', message: /--max-total-tokens/ });
  });

  t.test('flushed', async (t) => {
    await warm(url, ids(80, 64));
    await settledPools(url);
    t.equal((await postJson(`${url}/flush_cache`, {})).status, 200);
    t.match(await why(url, ids(80, 64)), { cause: 'flushed', first_miss: { position: 0 } });
  });

  t.test('other weights', async (t) => {
    await warm(url, ids(100, 64));
    const update = await postJson(`${url}/update_weights_from_disk`, { model_path: TINY });
    t.equal(update.status, 200, await update.text());
    t.match(await why(url, ids(100, 64)), { cause: 'other_weights', first_miss: { position: 0 } });
  });
});

t.test('two devices', async (t) => {
  const { url, log } = await start(t, ['--dp-size', '2', '--enable-fault-injection']);
  await warm(url, ids(1, 64), { routed_dp_rank: 0 });
  const elsewhere = { cause: 'other_device', first_miss: { position: 0 } };
  t.match(await why(url, ids(1, 64), { routed_dp_rank: 1 }), elsewhere);
  await warm(url, ids(30, 64), { routed_dp_rank: 0 });
  const fault = await postJson(`${url}/debug/fail_device`, { rank: 0, how: 'exit' });
  t.equal(fault.status, 200);
  while (!log().includes('Device 0 is gone')) await new Promise((r) => setTimeout(r, 20));
  t.match(await why(url, ids(30, 64), { routed_dp_rank: 0 }), { cause: 'device_lost' });
});

t.test("an answer's rows, where answers must not depend on the cache", async (t) => {
  const { url } = await start(t, ['--enable-deterministic-inference']);
  const prompt = ids(1, PAGE);
  const sampling = { temperature: 0, max_new_tokens: 64, ignore_eos: true };
  const first = await generate(url, { input_ids: prompt, sampling_params: sampling });
  const next = [...prompt, ...first.output_ids, 11, 12, 13];
  t.match(await why(url, next), { cause: 'decode_made', first_miss: { position: PAGE } });
});

t.test('no cache', async (t) => {
  const { url } = await start(t, ['--disable-radix-cache']);
  t.match(await why(url, ids(1, 64)), { cause: 'cache_disabled', first_miss: { position: 0 } });
});
