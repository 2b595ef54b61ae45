import t from 'tap';

import { openWs, type WsClient } from '../doubles/ws-client.js';
import { generate, generateStream, kvPools, settledPools, type GenerateResult } from './client.js';
import { startRadish } from './radish-process.js';

const greedy = { temperature: 0, max_new_tokens: 12, ignore_eos: true };
const tooMany = {
  error: { message: 'At most 1024 requests may be live on one socket.', code: 503 },
};
const long = { temperature: 0, max_new_tokens: 1500, ignore_eos: true };

function contents(object: GenerateResult): unknown {
  const { text, output_ids: ids, index, meta_info: info } = object;
  const { finish_reason: finish, completion_tokens: numTokens } = info;
  return { text, ids, index, finish, numTokens };
}

interface ChatChunk {
  readonly choices: readonly { readonly index: number }[];
  readonly usage?: unknown;
}

/** The objects of an OpenAI stream over HTTP. */
async function chunksOf(url: string, body: object): Promise<ChatChunk[]> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  const frames = (await response.text()).trim().split('\n\n').slice(0, -1);
  return frames.map((frame) => JSON.parse(frame.replace(/^data: /, '')) as ChatChunk);
}

async function heldTokens(url: string): Promise<number> {
  return (await kvPools(url)).reduce((sum, pool) => sum + pool.held_tokens, 0);
}

t.test('/ws on the built-in model', async (t) => {
  const radish = await startRadish(['--max-running-requests', '8']);
  t.teardown(() => radish.stop());
  const { url } = radish;

  t.test('speaks radish.v1, without compression', async (t) => {
    const headers = {
      'sec-websocket-extensions': 'permessage-deflate',
      origin: 'http://localhost',
    };
    const client = await openWs(url, { headers });
    t.equal(client.headers.get('sec-websocket-protocol'), 'radish.v1');
    t.equal(client.headers.get('sec-websocket-extensions'), undefined);
    client.close();
    t.equal(await client.closed, 1000);
  });

  t.test('refuses what is no upgrade of ours', async (t) => {
    const plain = await fetch(`${url}/ws`);
    t.equal(plain.status, 426);
    t.equal(plain.headers.get('upgrade'), 'websocket');
    t.equal((await fetch(`${url}/ws`, { method: 'POST' })).status, 405);
    await t.rejects(openWs(url, { path: '/elsewhere' }), { message: /^HTTP\/1.1 404/ });
    await t.rejects(openWs(url, { protocol: 'chat' }), { message: /^HTTP\/1.1 400/ });
    const foreign = openWs(url, { headers: { origin: 'http://x.test' } });
    await t.rejects(foreign, { message: /^HTTP\/1.1 403/ });
    const old = openWs(url, { headers: { 'sec-websocket-version': '8' } });
    await t.rejects(old, { message: /^HTTP\/1.1 426[^]*sec-websocket-version: 13/ });
  });

  for (const [name, body] of [
    ['one prompt', { text: 'Once', sampling_params: greedy }],
    ['a batch with n', { text: ['Once', 'Twice'], sampling_params: { ...greedy, n: 2 } }],
  ] as const) {
    t.test(`a stream brings the objects of the SSE stream: ${name}`, async (t) => {
      const lines = await generateStream(url, body);
      const client = await openWs(url);
      client.send({ op: 'generate', id: 's', body: { ...body, stream: true } });
      const events = await client.answer('s');
      client.close();
      const bySample = (objects: GenerateResult[], sample: number | undefined) =>
        objects.filter(({ index }) => index === sample).map(contents);
      const objects = events.map(({ data }) => data as GenerateResult);
      for (const sample of new Set(lines.map(({ index }) => index))) {
        t.same(bySample(objects, sample), bySample(lines, sample));
      }
      t.same(
        events.map(({ event }) => event),
        [...lines.slice(1).map(() => 'delta'), 'done'],
      );
      t.ok(lines.length > 10);
    });
  }

  t.test(
    'very many log-probabilities are the same whole, streamed and over the socket',
    async (t) => {
      const body = {
        text: 'The sky is blue. '.repeat(90),
        sampling_params: { temperature: 0, max_new_tokens: 3, ignore_eos: true },
        return_logprob: true,
        logprob_start_len: 0,
        top_logprobs_num: 256,
      };
      const rows = ({ meta_info: info }: GenerateResult): unknown => [
        info['input_top_logprobs'],
        info['output_top_logprobs'],
      ];
      const whole = await generate(url, body);
      t.ok(JSON.stringify(rows(whole)).length > 1_000_000);
      const lines = await generateStream(url, body);
      t.same(rows(lines.at(-1) ?? whole), rows(whole));
      const client = await openWs(url);
      for (const stream of [true, false]) {
        client.send({ op: 'generate', id: String(stream), body: { ...body, stream } });
        const last = (await client.answer(String(stream))).at(-1);
        t.equal(last?.event, 'done');
        t.same(rows(last?.data as GenerateResult), rows(whole), `stream: ${String(stream)}`);
      }
      client.close();
    },
  );

  t.test('without "stream" the answer is one event', async (t) => {
    const client = await openWs(url);
    client.send({ op: 'generate', id: 7, body: { text: ['a', 'b'], sampling_params: greedy } });
    const events = await client.answer(7);
    client.close();
    t.match(events, [{ id: 7, event: 'done', data: [{ meta_info: {} }, { meta_info: {} }] }]);
    t.equal(events.length, 1);
  });

  t.test('carries many requests at once; cancel ends one of them', async (t) => {
    const client = await openWs(url);
    for (const id of ['a', 'b', 'c']) {
      client.send({ op: 'generate', id, body: { text: id, stream: true, sampling_params: long } });
    }
    while ((await client.next()).id !== 'b') continue;
    client.send({ op: 'cancel', id: 'b' });
    client.send({ op: 'cancel', id: 'unknown' });
    const last = (await client.answer('b')).at(-1);
    t.match(last, { event: 'done', data: { meta_info: { finish_reason: { type: 'abort' } } } });
    t.match(await client.next(), { event: 'delta' }, 'the others go on');
    client.socket.destroy();
    await settledPools(url);
  });

  t.test('the end of the socket aborts its requests at once', async (t) => {
    const client = await openWs(url);
    for (let id = 0; id < 20; id++) {
      const body = { text: `Run ${id}`, stream: id % 2 === 0, sampling_params: long };
      client.send({ op: 'generate', id, body });
    }
    await client.next();
    t.ok((await heldTokens(url)) > 0);
    client.socket.destroy();
    await settledPools(url, 2000);
    t.equal(await heldTokens(url), 0);
  });

  t.test('a reader that stops holds up nobody, and gets fewer and newer deltas', async (t) => {
    const client = await openWs(url);
    const ids = ['s0', 's1', 's2'];
    client.socket.pause();
    for (const id of ids) {
      const sampling = { ...long, max_new_tokens: 300 };
      const large = { return_logprob: true, top_logprobs_num: 8 };
      const body = { text: id, stream: true, ...large, sampling_params: sampling };
      client.send({ op: 'generate', id, body });
    }
    const other = await openWs(url);
    other.send({ op: 'generate', id: 1, body: { text: 'Once', sampling_params: greedy } });
    t.match((await other.answer(1)).at(-1), { event: 'done' });
    await settledPools(url);
    t.pass('its requests ended while it was not looking');
    client.socket.resume();
    const counts = new Map(ids.map((id) => [id, 0]));
    await lastEvents(client, counts);
    t.ok(
      [...counts.values()].some((count) => count < 250),
      `events: ${[...counts.values()].join(', ')}`,
    );
    client.close();
    other.close();
  });

  t.test('10,000 requests on one socket: most are refused, all pages come back', async (t) => {
    const client = await openWs(url);
    for (let id = 0; id < 10_000; id++) {
      client.send({ op: 'generate', id, body: { text: 'Once', sampling_params: long } });
    }
    client.send({ op: 'nothing', id: 'all said' });
    const refused = [];
    for (;;) {
      const { id, event, data } = await client.next();
      if (id === 'all said') break;
      if (event !== 'error') continue;
      refused.push({ id, data });
    }
    t.same(refused[0], { id: 1024, data: tooMany }, 'the first ones are in');
    t.ok(refused.length > 8_500, `${refused.length} are refused`);
    client.socket.destroy();
    await settledPools(url);
    const other = await openWs(url);
    other.send({ op: 'generate', id: 1, body: { text: 'Once', sampling_params: greedy } });
    t.match(await other.next(), { event: 'done' });
    other.close();
  });

  for (const [op, path, body] of [
    ['chat', '/v1/chat/completions', { messages: [{ role: 'user', content: 'Hi' }] }],
    ['completions', '/v1/completions', { prompt: ['Once', 'Twice'], n: 2 }],
  ] as const) {
    const ask = { ...body, temperature: 0, max_tokens: 12, ignore_eos: true };

    t.test(
      `${op}: a stream brings the objects of the HTTP stream, the last one with usage`,
      async (t) => {
        const options = { stream: true, stream_options: { include_usage: true } };
        const lines = await chunksOf(`${url}${path}`, { ...ask, ...options });
        const client = await openWs(url);
        client.send({ op, id: 's', body: { ...ask, stream: true } });
        const events = await client.answer('s');
        client.close();
        const usage = lines.pop()?.usage;
        const objects = events.map(({ data }) => data as ChatChunk);
        const indices = new Set(lines.map(({ choices }) => choices[0]?.index));
        t.equal(indices.size, op === 'chat' ? 1 : 4);
        for (const index of indices) {
          const ofSample = (chunks: ChatChunk[]) =>
            chunks
              .filter(({ choices }) => choices[0]?.index === index)
              .map(({ choices }) => choices);
          t.same(ofSample(objects), ofSample(lines), 'no text twice, none missing');
        }
        t.same(
          events.map(({ event }) => event),
          [...lines.slice(1).map(() => 'delta'), 'done'],
        );
        const last = objects.at(-1);
        t.match(last, { choices: [{ finish_reason: 'length' }], usage });
        t.equal(objects.filter((chunk) => 'usage' in chunk).length, 1, 'only the last one has it');
      },
    );

    t.test(`${op}: without "stream" the answer is that of HTTP`, async (t) => {
      const headers = { 'content-type': 'application/json' };
      const init = { method: 'POST', headers, body: JSON.stringify(ask) };
      const whole = (await (await fetch(`${url}${path}`, init)).json()) as ChatChunk;
      const client = await openWs(url);
      client.send({ op, id: 1, body: ask });
      const [event, ...others] = await client.answer(1);
      client.close();
      t.same(others, []);
      t.match(event, { event: 'done', data: { choices: whole.choices, usage: whole.usage } });
    });

    t.test(`${op}: refused and cancelled as /generate is`, async (t) => {
      const client = await openWs(url);
      client.send({ op, id: 'bad', body: { ...ask, temperature: -1 } });
      t.match(await client.answer('bad'), [{ event: 'error', data: { error: { code: 400 } } }]);
      client.send({ op, id: 'c', body: { ...ask, max_tokens: 1500, stream: true } });
      await client.next();
      client.send({ op: 'cancel', id: 'c' });
      const events = await client.answer('c');
      t.match(events.at(-1), { event: 'done', data: { choices: [{ finish_reason: 'abort' }] } });
      client.close();
    });
  }

  t.test('errors come as on /generate, under their id', async (t) => {
    const client = await openWs(url);
    client.send({ op: 'generate', id: 'x', body: { text: 'a', sampling_params: { top_p: 7 } } });
    t.match(await client.next(), {
      id: 'x',
      event: 'error',
      data: { error: { message: 'top_p must be in (0, 1], got 7.', code: 400 } },
    });
    client.close();
  });
});

async function lastEvents(client: WsClient, counts: Map<string, number>): Promise<void> {
  let numOpen = counts.size;
  while (numOpen > 0) {
    const { id, event } = await client.next();
    counts.set(String(id), (counts.get(String(id)) ?? 0) + 1);
    if (event !== 'delta') numOpen--;
  }
}

t.test('a key comes with the upgrade or with the first message', async (t) => {
  const radish = await startRadish(['--api-key', 'secret']);
  t.teardown(() => radish.stop());
  const { url } = radish;
  const ask = { op: 'generate', id: 1, body: { text: 'Once', sampling_params: greedy } };

  for (const headers of [{ authorization: 'Bearer secret' }, { 'x-api-key': 'secret' }]) {
    const client = await openWs(url, { headers });
    client.send(ask);
    t.match(await client.next(), { event: 'done' });
    client.close();
  }
  const headers = { authorization: 'Bearer wrong' };
  await t.rejects(openWs(url, { headers }), { message: /^HTTP\/1.1 401/ });

  const browser = await openWs(url);
  browser.send({ op: 'auth', key: 'secret' });
  browser.send(ask);
  t.match(await browser.next(), { event: 'done' });
  browser.close();

  for (const first of [{ op: 'auth', key: 'wrong' }, ask, { op: 'auth' }, []]) {
    const client = await openWs(url);
    client.send(first);
    t.equal(await client.closed, 4401);
  }
});

t.test('a server that goes away finishes, refuses what is new, and says 1001', async (t) => {
  const radish = await startRadish();
  const client = await openWs(radish.url);
  const body = { text: 'Once', stream: true, sampling_params: { ...long, max_new_tokens: 300 } };
  client.send({ op: 'generate', id: 'old', body });
  await client.next();
  const exit = radish.stop();
  while ((await fetch(`${radish.url}/health`)).status === 200) continue;
  client.send({ op: 'generate', id: 'new', body });
  const events = [];
  while (events.length < 2) {
    const event = await client.next();
    if (event.event !== 'delta') events.push(event);
  }
  t.match(events[0], {
    id: 'new',
    event: 'error',
    data: { error: { message: 'The server is shutting down.', code: 503 } },
  });
  t.match(events[1], {
    id: 'old',
    event: 'done',
    data: { meta_info: { finish_reason: { type: 'length' } } },
  });
  t.equal(await client.closed, 1001);
  t.equal(await exit, 0);
});
