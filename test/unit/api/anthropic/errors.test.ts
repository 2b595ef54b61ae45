import t from 'tap';

import type { ErrorCode } from '../../../../src/core/errors.js';
import { failureReason } from '../../../../src/core/finish-reason.js';
import { idsOf } from '../tiny-tokenizer.js';
import { answerOf } from '../test-app.js';
import { answering, tick } from '../openai/openai-app.js';
import { anthropicApp, asked, eventsOf, PATH } from './anthropic-app.js';

interface Refused {
  readonly type: string;
  readonly error: { readonly type: string; readonly message: string };
  readonly request_id: string;
}

t.test('bad bodies', async (t) => {
  const app = await anthropicApp(t);
  const rows: [unknown, RegExp][] = [
    ['{"a":', /not valid JSON/],
    ['[]', /must be a JSON object/],
    [{ ...asked, model: null }, /^model: Field required$/],
    [{ ...asked, max_tokens: null }, /^max_tokens: Field required$/],
    [{ ...asked, max_tokens: -1 }, /^max_tokens: Input should be greater/],
    [{ ...asked, max_tokens: 1.5 }, /^max_tokens: Input should be a valid integer$/],
    [{ ...asked, stop_sequences: 'a' }, /^stop_sequences: Input should be a valid list$/],
    [{ ...asked, stop_sequences: [1] }, /^stop_sequences\.0: Input should be a valid string$/],
    [{ ...asked, stream: 'yes' }, /^stream: Input should be a valid boolean$/],
    [{ ...asked, temperature: -1 }, /temperature/],
    [{ ...asked, tool_choice: { type: 'any' } }, /Tools cannot be empty/],
    [{ ...asked, mcp_servers: [{}] }, /^mcp_servers: not supported/],
    [
      { ...asked, messages: [{ role: 'user', content: 'a'.repeat(300) }] },
      /^prompt is too long: 309 tokens > 194 maximum$/,
    ],
  ];
  for (const [body, message] of rows) {
    const { status, json, headers } = await app.post(PATH, body);
    t.equal(status, 400, String(message));
    const { type, error, request_id: id } = json as Refused;
    t.match({ type, error }, { type: 'error', error: { type: 'invalid_request_error', message } });
    t.equal(headers.get('request-id'), id);
  }
});

t.test('a thread is refused so that tool runners go on without one', async (t) => {
  const app = await anthropicApp(t);
  answering(app, 'abc');
  const { status, json } = await app.post(PATH, { ...asked, thread: { type: 'create' } });
  t.equal(status, 400);
  t.match(json, { error: { details: { error_code: 'thread_unsupported_request' } } });
  t.equal((await app.post(PATH, { ...asked, thread: false })).status, 200);
});

t.test('what fails before a handler has it', async (t) => {
  const app = await anthropicApp(t, { apiKey: 'secret' });
  answering(app, 'abc');
  const send = async (path: string, init: RequestInit) =>
    answerOf(await fetch(app.url + path, init));
  const key = { 'x-api-key': 'secret' };
  const rows: [string, RequestInit, number, string][] = [
    [PATH, { method: 'POST' }, 401, 'authentication_error'],
    [PATH, { headers: key }, 405, 'invalid_request_error'],
    [PATH, { method: 'POST', headers: key, body: '{}' }, 400, 'invalid_request_error'],
    [`${PATH}/batches`, { method: 'POST', headers: key }, 404, 'not_found_error'],
  ];
  for (const [path, init, expected, type] of rows) {
    const { status, json, headers } = await send(path, init);
    t.equal(status, expected);
    t.match(json, { type: 'error', error: { type }, request_id: headers.get('request-id') });
  }
  t.equal((await app.post(PATH, asked, key)).status, 200);
});

t.test('failures on the way', async (t) => {
  const app = await anthropicApp(t);
  const rows: [ErrorCode, number, string][] = [
    ['INVALID_REQUEST', 400, 'invalid_request_error'],
    ['QUEUE_FULL', 529, 'overloaded_error'],
    ['NO_DEVICE', 503, 'api_error'],
    ['DEVICE_FAILED', 500, 'api_error'],
  ];
  for (const [code, expected, type] of rows) {
    app.scheduler.onAccepted = (req) => {
      app.scheduler.finish(req.num, failureReason(code, 'so it is'));
    };
    for (const stream of [false, true]) {
      const { status, json, headers } = await app.post(PATH, { ...asked, stream });
      t.equal(status, expected, code);
      t.match(json, { type: 'error', error: { type, message: 'so it is' } });
      if (expected > 500) t.equal(headers.get('retry-after'), '1');
    }
  }
});

t.test('a stream that fails ends with an error', async (t) => {
  const app = await anthropicApp(t);
  app.scheduler.onAccepted = (req) => {
    app.scheduler.step([[req.num, idsOf('a')[0] ?? 0]]);
    void tick().then(() => {
      app.scheduler.finish(req.num, failureReason('DEVICE_FAILED', 'it broke'));
    });
  };
  const { status, text, headers } = await app.post(PATH, { ...asked, stream: true });
  t.equal(status, 200);
  const events = eventsOf(text);
  t.equal(events[0]?.type, 'message_start');
  t.strictSame(events.at(-1), {
    type: 'error',
    error: { type: 'api_error', message: 'it broke' },
    request_id: headers.get('request-id'),
  });
});
