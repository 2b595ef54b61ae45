import { once } from 'node:events';
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import t from 'tap';
import { flatError } from '../doubles/error-bodies.js';
import { generate, postJson, settledPools } from './client.js';
import { startRadish } from './radish-process.js';

const long = { temperature: 0, max_new_tokens: 600, ignore_eos: true };

function open(url: string, body: object): ClientRequest {
  const client = request(`${url}/generate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
  });
  client.on('error', () => undefined);
  client.end(JSON.stringify(body));
  return client;
}

async function busy(url: string): Promise<number> {
  const loads = (await (await fetch(`${url}/server_info`)).json()) as {
    internal_states: { num_running_reqs: number; num_queue_reqs: number }[];
  };
  return loads.internal_states.reduce((n, s) => n + s.num_running_reqs + s.num_queue_reqs, 0);
}

async function idle(url: string): Promise<void> {
  const end = Date.now() + 10_000;
  while ((await busy(url)) > 0) {
    if (Date.now() > end) throw new Error('still busy');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

t.test('a client that leaves takes its request with it', async (t) => {
  const radish = await startRadish(['--max-running-requests', '2', '--chunked-prefill-size', '32']);
  t.teardown(() => radish.stop());
  const { url } = radish;

  t.test('in the middle of a stream', async (t) => {
    const client = open(url, { text: 'Once', stream: true, sampling_params: long });
    const [response] = (await once(client, 'response')) as [IncomingMessage];
    await once(response, 'data');
    client.destroy();
    await idle(url);
    await settledPools(url);
    t.pass('its pages came back');
  });

  t.test('while the answer is pending', async (t) => {
    const client = open(url, { text: 'Once', sampling_params: long });
    while ((await busy(url)) === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    client.destroy();
    await idle(url);
    await settledPools(url);
    t.pass('its pages came back');
  });

  t.test('in prefill', async (t) => {
    const client = open(url, {
      text: 'word '.repeat(1200),
      sampling_params: { max_new_tokens: 2 },
    });
    while ((await busy(url)) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    client.destroy();
    await idle(url);
    await settledPools(url);
    t.pass('its pages came back');
  });

  t.test('in the queue', async (t) => {
    const running = [0, 1].map((i) =>
      open(url, {
        text: `Run ${i}`,
        stream: true,
        sampling_params: { ...long, max_new_tokens: 1500 },
      }),
    );
    await Promise.all(running.map((client) => once(client, 'response')));
    const queued = open(url, { text: 'Wait', sampling_params: long });
    while ((await busy(url)) < 3) await new Promise((resolve) => setTimeout(resolve, 2));
    queued.destroy();
    while ((await busy(url)) > 2) await new Promise((resolve) => setTimeout(resolve, 2));
    for (const client of running) client.destroy();
    await idle(url);
    await settledPools(url);
    t.pass('its pages came back');
  });

  t.test('/abort_request ends requests by rid, by prefix, all', async (t) => {
    const pending = ['job_a', 'job_b', 'other'].map((rid) =>
      generate(url, { text: 'Once', rid, sampling_params: { ...long, max_new_tokens: 1500 } }),
    );
    while ((await busy(url)) < 3) await new Promise((resolve) => setTimeout(resolve, 2));
    t.equal((await postJson(`${url}/abort_request`, { rid: 'job_' })).status, 200);
    const [a, b] = await Promise.all(pending.slice(0, 2));
    t.equal(a?.meta_info.finish_reason?.type, 'abort');
    t.equal(b?.meta_info.finish_reason?.type, 'abort');
    await postJson(`${url}/abort_request`, { abort_all: true });
    t.equal((await pending[2])?.meta_info.finish_reason?.type, 'abort');
    t.equal((await postJson(`${url}/abort_request`, { rid: 'unknown' })).status, 200);
    await settledPools(url);
  });
});

t.test('a full queue is a 503 with Retry-After, and nothing is lost', async (t) => {
  const radish = await startRadish(['--max-running-requests', '1', '--max-queued-requests', '1']);
  t.teardown(() => radish.stop());
  const body = { text: 'Once', sampling_params: { ...long, max_new_tokens: 200 } };
  const responses = await Promise.all(
    Array.from({ length: 10 }, () => postJson(`${radish.url}/generate`, body)),
  );
  const refused = responses.filter((response) => response.status === 503);
  t.ok(responses.filter((response) => response.status === 200).length >= 1);
  t.ok(refused.length >= 6, `${refused.length} refused`);
  t.ok(refused[0]?.headers.get('retry-after'));
  t.same(await refused[0]?.json(), flatError(503, '503', 'The request queue is full.'));
  await settledPools(radish.url);
});
