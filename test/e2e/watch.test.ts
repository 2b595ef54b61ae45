/** What watchers see of a server as a user runs it, with traffic on it. */
import t from 'tap';

import { patched } from '../../src/api/ws/watch/merge-patch.js';
import type {
  ExplainBody,
  Explained,
  WatchBody,
  WatchState,
  WatchTopic,
  WatchUpdate,
} from '../../src/api/ws/watch/types.js';
import { openWs, type WsClient } from '../doubles/ws-client.js';
import { generate, postJson, settledPools } from './client.js';
import { startRadish } from './radish-process.js';

t.setTimeout(120_000);

const ALL: readonly WatchTopic[] = ['engine', 'requests', 'cache', 'experts'];
const greedy = (numTokens: number): object => ({
  temperature: 0,
  max_new_tokens: numTokens,
  ignore_eos: true,
});

/** A watcher as any program is one: it has the last state, and all that was ever said to it. */
class Watching {
  state: WatchState | null = null;
  told = '';
  seq = -1;

  private constructor(readonly client: WsClient) {}

  static async open(url: string, body: WatchBody, key?: string): Promise<Watching> {
    const client = await openWs(url);
    const watching = new Watching(client);
    if (key !== undefined) client.send({ op: 'auth', key });
    client.send({ op: 'watch', id: 'w', body });
    await watching.until(() => true);
    return watching;
  }

  /** Reads on until the state is so. */
  async until(isSo: (state: WatchState) => unknown): Promise<WatchState> {
    while (this.state === null || !isSo(this.state)) await this.read();
    return this.state;
  }

  async read(): Promise<void> {
    const { id, event, data } = await this.client.next();
    if (id !== 'w' || event !== 'delta') throw new Error(`${event}: ${JSON.stringify(data)}`);
    this.told += JSON.stringify(data);
    const update = data as WatchUpdate;
    if (update.seq !== this.seq + 1) throw new Error('an update is missing');
    this.seq = update.seq;
    if (update.kind === 'snapshot') this.state = update.state;
    else if (this.state !== null) this.state = patched(this.state, update.patch);
  }
}

const nodesOf = (state: WatchState) =>
  Object.values(state.cache?.trees ?? {}).flatMap(({ shown }) => Object.values(shown));

t.test('a server without keys, on this machine', async (t) => {
  const radish = await startRadish([
    ...['--max-total-tokens', '640', '--expert-distribution-recorder-mode', 'stat'],
    '--enable-fault-injection',
  ]);
  t.teardown(() => radish.stop());
  const { url } = radish;
  const first = await Watching.open(url, { topics: ALL });

  t.test('begins with what the server is', async (t) => {
    const state = await first.until(({ engine }) => engine);
    t.match(state, {
      rights: { text: true, admin: true },
      engine: {
        server: { architecture: 'Qwen2MoeForCausalLM', limits: { page_size: 16, devices: 1 } },
        devices: { '0:0': { state: 'serving', pages: { total: 40 } } },
      },
      experts: { available: 'yes', recording: false, num_experts: 8, top_k: 2 },
    });
    t.equal(Object.keys(state.experts?.layers ?? {}).length, 6);
  });

  t.test('shows requests while they run, and the steps that run them', async (t) => {
    await postJson(`${url}/start_expert_distribution_record`, {});
    const text = 'Once upon a time there was a king who had three daughters and no sons.';
    const body = { text, rid: 'seen', sampling_params: greedy(400) };
    const answer = generate(url, body);
    const running = await first.until(({ requests }) =>
      Object.values(requests?.live ?? {}).some(({ output_tokens }) => output_tokens > 0),
    );
    t.match(Object.values(running.requests?.live ?? {}), [
      { rid: 'seen', state: 'decode', max_new_tokens: 400, device: '0:0' },
    ]);
    const { meta_info: meta } = await answer;
    const done = await first.until(
      ({ requests, experts }) =>
        Object.keys(requests?.finished ?? {}).length > 0 && (experts?.layers['0']?.[0] ?? 0) > 0,
    );
    t.match(Object.values(done.requests?.finished ?? {}), [
      { rid: 'seen', reason: 'length', output_tokens: 400, prompt_tokens: meta.prompt_tokens },
    ]);
    const bars = Object.values(done.engine?.devices['0:0']?.steps ?? {});
    t.ok(bars.some(({ kind, rows }) => kind === 'decode' && rows === 1));
    t.ok(first.told.includes('{"rid":"seen","rows":'), 'whose prompt it was');
    // A microsecond for rounding.
    const overlap = bars.find(
      (bar, i) => bar.start + bar.ms > (bars[i + 1]?.start ?? Infinity) + 0.002,
    );
    t.equal(overlap, undefined, 'one after the other');
    const sums = Object.values(done.experts?.layers ?? {}).map((row) =>
      row.reduce((sum, count) => sum + count, 0),
    );
    t.equal(new Set(sums).size, 1, 'each layer routes each token');
    const rates = await first.until(({ engine }) =>
      Object.values(engine?.rates ?? {}).some(({ output }) => output > 0),
    );
    t.match(rates.engine, { latency: { ttft_ms: { count: 1 } }, failures: { refused: 0 } });
  });

  t.test('says of a prompt what running it says', async (t) => {
    await settledPools(url);
    const texts = [
      'Once upon a time there was a king who had three sons.',
      'Something that nobody has ever asked this server before, word for word.',
      'Once',
    ];
    for (const text of texts) {
      const prompt: ExplainBody = { text };
      first.client.send({ op: 'explain', id: 'e', body: prompt });
      let told: Explained | null = null;
      while (told === null) {
        const event = await first.client.next();
        if (event.id === 'e') told = event.data as Explained;
      }
      const { device, path, ...info } = told;
      const body = { text, sampling_params: greedy(1), return_cache_info: true };
      const { meta_info: meta } = await generate(url, body);
      t.strictSame(info, meta['cache_info'], text);
      t.equal(device, '0:0');
      t.equal(path.length > 0, info.cached_tokens > 0);
    }
    first.client.send({ op: 'explain', id: 'bad', body: { text: ['a', 'b'] } });
    for (;;) {
      const event = await first.client.next();
      if (event.id !== 'bad') continue;
      t.match(event, { event: 'error', data: { error: { message: /one prompt/, code: 400 } } });
      break;
    }
    first.client.socket.destroy();
  });

  t.test('shows the tree with its texts, its hits and what is evicted', async (t) => {
    const watching = await Watching.open(url, { topics: ['cache', 'requests'] });
    const run = (text: string) => generate(url, { text, sampling_params: greedy(1) });
    const prompt = 'The quick brown fox jumps over the lazy dog, again and again and again.';
    await run(prompt);
    await run(prompt);
    const state = await watching.until((one) => nodesOf(one).some(({ hits }) => hits));
    const node = nodesOf(state).find(({ text }) => text?.startsWith('The quick brown'));
    t.match(node, { depth: 0, hits: 1 });
    t.ok(node !== undefined && node.tokens % 16 === 0);
    for (let i = 0; i < 12; i++) await run(`${i} ${'words and more of them '.repeat(16)}`);
    const evicted = await watching.until(({ cache }) => (cache?.evictions.nodes ?? 0) > 0);
    t.match(Object.values(evicted.cache?.evictions.newest ?? {})[0], { device: '0:0' });
    await settledPools(url);
    // Another one that comes now sees what differences have led this one to.
    const fresh = await Watching.open(url, { topics: ['cache', 'requests'] });
    const trees = (one: WatchState | null): unknown => one?.cache?.trees;
    const later = await fresh.until(() => true);
    const mine = await watching.until(
      (one) => one.cache?.trees['0:0']?.clock === later.cache?.trees['0:0']?.clock,
    );
    t.strictSame(trees(mine), trees(later));
    watching.client.socket.destroy();
    fresh.client.socket.destroy();
  });

  t.test('sees a device die and its next generation come', async (t) => {
    const watching = await Watching.open(url, { topics: ['engine', 'cache'] });
    await postJson(`${url}/debug/fail_device`, { rank: 0, how: 'exit' });
    const state = await watching.until(({ engine }) => engine?.devices['0:1']);
    t.notOk(state.engine?.devices['0:0']);
    t.match(state.engine?.devices['0:1'], { generation: 1, state: 'serving' });
    watching.client.send({ op: 'cancel', id: 'w' });
    for (;;) {
      const { event, data } = await watching.client.next();
      if (event === 'delta') continue;
      t.same([event, data], ['done', null]);
      break;
    }
    watching.client.close();
  });
});

t.test('with keys: lengths for the one, texts for the admin’s', async (t) => {
  const radish = await startRadish(['--api-key', 'plain', '--admin-api-key', 'boss']);
  t.teardown(() => radish.stop());
  const { url } = radish;
  const secret = 'The launch code of the submarine is seven three nine four two one.';
  const [user, admin] = await Promise.all([
    Watching.open(url, { topics: ALL }, 'plain'),
    Watching.open(url, { topics: ALL }, 'boss'),
  ]);
  t.same(user.state?.rights, { text: false, admin: false });
  t.match(admin.state?.rights, { text: true, admin: true });
  const headers = { authorization: 'Bearer plain', 'content-type': 'application/json' };
  const post = (body: object) =>
    fetch(`${url}/generate`, { method: 'POST', headers, body: JSON.stringify(body) });
  await post({ text: secret, extra_key: 'my-own-key', sampling_params: greedy(4) });
  await post({ text: secret, sampling_params: { stop_regex: '(launch' } });
  const seen = await admin.until(
    (state) =>
      nodesOf(state).some(({ text }) => text?.includes('launch code')) &&
      state.engine?.failures.refused === 1,
  );
  t.match(Object.values(seen.engine?.failures.newest ?? {}), [{ sentence: /launch/ }]);
  const lengths = await user.until(
    (state) => nodesOf(state).length > 0 && state.engine?.failures.refused === 1,
  );
  for (let i = 0; i < 2; i++) await post({ text: secret, sampling_params: greedy(4) });
  await user.until(({ requests }) => Object.keys(requests?.finished ?? {}).length === 3);
  t.ok(nodesOf(lengths).some(({ tokens }) => tokens > 0));
  for (const word of ['launch', 'submarine', 'my-own-key', '"text":"']) {
    t.notOk(user.told.includes(word), word);
  }
  t.notOk(admin.told.includes('my-own-key'), 'what a namespace is called is never told');
  const foreign = openWs(url, { headers: { origin: 'http://evil.test' } });
  await t.rejects(
    foreign.then(async (client) => {
      client.send({ op: 'watch', id: 1, body: { topics: ALL } });
      await client.next();
    }),
    /4401/,
    'a page that has no key sees nothing',
  );
  for (const { client } of [user, admin]) client.close();
});
