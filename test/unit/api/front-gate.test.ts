import t from 'tap';

import { failureLines } from '../../../src/api/failure-lines.js';
import { createGate } from '../../../src/api/front-gate.js';
import { openWs } from '../../doubles/ws-client.js';
import { ENGINES } from '../http/engines.js';
import { answerOf, defaultArgs } from './test-app.js';

for (const engine of ENGINES) {
  t.test(`${engine.name}: until the model is there everybody is told how far it is`, async (t) => {
    let fraction = 0.439;
    const lines: unknown[] = [];
    const onFailed = failureLines({
      log: (level, message, fields) => lines.push([level, message, fields]),
    });
    const gate = createGate(defaultArgs(), { engine, progress: () => fraction, onFailed });
    t.teardown(() => {
      gate.close();
    });
    const url = `http://127.0.0.1:${await gate.listen('127.0.0.1', 0)}`;

    for (const path of ['/health', '/health_generate']) {
      const health = await fetch(url + path);
      t.equal(health.status, 503);
      t.equal(health.headers.get('retry-after'), '2');
      t.equal(await health.text(), '');
    }
    const accept = { accept: 'application/json' };
    const { json } = await answerOf(await fetch(`${url}/health`, { headers: accept }));
    t.strictSame(json, { status: 'loading', progress: 0.43 });

    t.strictSame(lines, [], 'who only asks for health is no news');
    fraction = 0.44;
    const chat = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      body: '{}',
      headers: { 'x-request-id': 'mine' },
    });
    t.equal(chat.headers.get('x-request-id'), 'mine');
    const request = { status: 503, method: 'POST', path: '/v1/chat/completions', id: 'mine' };
    const line = '503 POST /v1/chat/completions mine: Loading the model: 44 %';
    t.strictSame(lines, [['warn', line, request]]);
    t.equal(chat.status, 503);
    t.equal(chat.headers.get('retry-after'), '2');
    t.match(await chat.json(), { error: { message: 'Loading the model: 44 %', code: 503 } });
    await t.rejects(openWs(url), { message: /503/ });

    gate.open({
      handle: (_, reply) => {
        reply.send({ status: 200, body: 'inside' });
      },
      sockets: [],
    });
    t.equal(await (await fetch(`${url}/health`)).text(), 'inside');
  });
}
