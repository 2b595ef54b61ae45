import t from 'tap';

import type { ReqInput } from '../../../../src/messages.js';
import { openPost } from '../raw-http.js';
import { startApp, type TestApp } from '../test-app.js';
import { until } from '../until.js';

interface Phase {
  readonly name: string;
  readonly body: string;
  /** What the scheduler has done by the time the client leaves. */
  readonly before: (app: TestApp, req: ReqInput) => void;
}

const stream = '{"text":"a","stream":true}';
const PHASES: Phase[] = [
  { name: 'waiting in the queue', body: '{"text":"a"}', before: () => undefined },
  {
    name: 'decoding without a stream',
    body: '{"text":"a"}',
    before: (app, req) => {
      app.scheduler.run(req, [97]);
    },
  },
  { name: 'streaming, before the first token', body: stream, before: () => undefined },
  {
    name: 'streaming, in the middle',
    body: stream,
    before: (app, req) => {
      app.scheduler.run(req, [97, 98]);
    },
  },
  { name: 'one of a batch', body: '{"text":["a","b"],"stream":true}', before: () => undefined },
];

for (const { name, body, before } of PHASES) {
  t.test(`a client that leaves is aborted at once: ${name}`, async (t) => {
    const app = await startApp();
    t.teardown(() => {
      app.app.close();
    });
    app.scheduler.onAccepted = (req) => {
      setImmediate(() => {
        before(app, req);
      });
    };
    const socket = await openPost(app.port, '/generate', body);
    await until(() => app.scheduler.live.size > 0);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const numLive = app.engine.numLive;
    socket.destroy();
    await until(() => app.engine.numLive === 0);
    const aborts = app.scheduler.received.filter(({ kind }) => kind === 'abort');
    t.equal(aborts.length, numLive);
    t.match(aborts[0], { num: /\d+/, all: false });
  });
}

t.test('a client that leaves before the scheduler answered is aborted too', async (t) => {
  const app = await startApp();
  t.teardown(() => {
    app.app.close();
  });
  const post = app.scheduler.post.bind(app.scheduler);
  let release: () => void = () => undefined;
  app.scheduler.post = (message) => {
    if (message.kind !== 'submit') {
      post(message);
      return;
    }
    release = () => {
      post(message);
    };
  };
  const socket = await openPost(app.port, '/generate', '{"text":"a"}');
  await until(() => app.engine.numLive === 1);
  socket.destroy();
  await until(() => app.scheduler.received.some(({ kind }) => kind === 'abort'));
  t.match(app.scheduler.received[0], { kind: 'abort', num: 1 });
  release();
});

t.test('a background request outlives its client', async (t) => {
  const app = await startApp();
  t.teardown(() => {
    app.app.close();
  });
  const socket = await openPost(app.port, '/generate', '{"text":"a","background":true}');
  await until(() => app.scheduler.live.size === 1);
  socket.destroy();
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.equal(app.engine.numLive, 1);
});

t.test('a client that vanishes while sending its body leaves nothing', async (t) => {
  const app = await startApp();
  t.teardown(() => {
    app.app.close();
  });
  const socket = await openPost(app.port, '/generate', '');
  socket.destroy();
  t.equal((await fetch(`${app.url}/health`)).status, 200);
  t.equal(app.engine.numLive, 0);
});

t.test('a reader that stops gets one chunk with everything when it goes on', async (t) => {
  const app = await startApp();
  t.teardown(() => {
    app.app.close();
  });
  const numTokens = 199;
  const prompts = Array.from({ length: 400 }, () => 'a');
  const body = JSON.stringify({ text: prompts, stream: true });
  const socket = await openPost(app.port, '/generate', body);
  socket.pause();
  await until(() => app.scheduler.live.size === prompts.length);
  const reqs = [...app.scheduler.live.values()];
  for (let i = 0; i < numTokens; i++) app.scheduler.step(reqs.map(({ num }) => [num, 97]));
  for (const { num } of reqs) app.scheduler.finish(num, { type: 'length', length: numTokens });
  const memoryMb = process.memoryUsage().rss / 1024 ** 2;
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  socket.resume();
  await until(() => text.includes('data: [DONE]'));
  const numChunks = text.split('data: {').length - 1;
  t.ok(numChunks < (prompts.length * numTokens) / 2, `chunks were skipped: ${numChunks}`);
  t.equal(text.split('"type":"length"').length - 1, prompts.length, 'every sample has its ending');
  t.ok(memoryMb < 2000);
  socket.destroy();
});
