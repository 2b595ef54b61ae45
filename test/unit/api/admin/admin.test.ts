import t from 'tap';

import { startApp } from '../test-app.js';
import { until } from '../until.js';

const FLUSHED =
  'Cache flushed.\nPlease check backend logs for more details. (When there are running or waiting requests, the operation will not be performed.)\n';

t.test('/flush_cache', async (t) => {
  const app = await startApp();
  t.teardown(() => {
    app.app.close();
  });
  const { status, text } = await app.post('/flush_cache', '');
  t.equal(status, 200);
  t.equal(text, FLUSHED);
  t.equal(await (await fetch(`${app.url}/flush_cache`)).text(), FLUSHED);

  app.scheduler.flushFailure = 'Cache not flushed because there are pending requests.';
  const refused = await app.post('/flush_cache', '');
  t.equal(refused.status, 400);
  t.equal(refused.text, 'Cache not flushed because there are pending requests.');
  setTimeout(() => {
    app.scheduler.flushFailure = null;
  }, 150);
  t.equal((await app.post('/flush_cache?timeout=5', '')).status, 200, 'it can wait');
  t.equal((await app.post('/flush_cache?timeout=-1', '')).status, 400);
});

t.test('/abort_request ends requests with what they have', async (t) => {
  const app = await startApp();
  t.teardown(() => {
    app.app.close();
  });
  app.scheduler.onAccepted = (req) => {
    setImmediate(() => {
      app.scheduler.run(req, [97, 98]);
    });
  };
  const pending = app.post('/generate', { text: ['x', 'y'], rid: 'job' });
  const other = app.post('/generate', { text: 'z', rid: 'other' });
  await until(() => app.engine.numLive === 3);
  t.equal((await app.post('/abort_request', { rid: '' })).status, 200);
  t.equal((await app.post('/abort_request', { rid: 'unknown' })).status, 200);
  const { status, text } = await app.post('/abort_request', { rid: 'job' });
  t.equal(status, 200);
  t.equal(text, '');
  const { status: victimStatus, json } = await pending;
  t.equal(victimStatus, 200);
  t.match(json, [
    { text: 'ab', output_ids: [97, 98], meta_info: { finish_reason: { type: 'abort' } } },
    { text: 'ab', meta_info: { finish_reason: { type: 'abort', message: 'Aborted' } } },
  ]);
  t.equal(app.engine.numLive, 1);
  await app.post('/abort_request', { abort_all: true, abort_message: 'enough' });
  const message = app.scheduler.received.at(-1);
  t.match(message, { kind: 'abort', all: true, message: 'enough' });
  t.match((await other).json, { meta_info: { finish_reason: { type: 'abort' } } });
  for (const body of [{ rid: 5 }, { rid: null, abort_message: {} }]) {
    t.equal((await app.post('/abort_request', body)).status, 400);
  }
});

t.test('/debug/fail_device exists only when it was asked for', async (t) => {
  const closed = await startApp();
  t.equal((await closed.post('/debug/fail_device', { rank: 0, how: 'exit' })).status, 404);
  closed.app.close();
  const app = await startApp({ enableFaultInjection: true });
  t.teardown(() => {
    app.app.close();
  });
  t.equal((await app.post('/debug/fail_device', { rank: 0, how: 'throw' })).status, 200);
  t.strictSame(app.faults, [[0, 'throw']]);
  t.equal((await app.post('/debug/fail_device', { rank: 0, how: 'nicely' })).status, 400);
  t.equal((await app.post('/debug/fail_device', { rank: 9, how: 'exit' })).status, 400);
});
