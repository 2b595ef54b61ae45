import t from 'tap';

import type { Generation } from '../../../../src/engine/generation.js';
import type { SessionParams } from '../../../../src/engine/request.js';
import { Feed } from '../../../../src/engine/feed.js';
import { Sessions } from '../../../../src/engine/sessions.js';
import { startApp } from '../test-app.js';
import { idsOf } from '../tiny-tokenizer.js';

interface Body {
  readonly text: string;
  readonly meta_info: { readonly id: string };
}

t.test('a session continues from its requests', async (t) => {
  const app = await startApp();
  t.teardown(() => {
    app.app.close();
  });
  const prompts: number[][] = [];
  app.scheduler.onAccepted = (req) => {
    prompts.push([...req.inputIds]);
    if (req.rid === 'endless') return;
    app.scheduler.run(req, [120, 121], { type: 'length', length: 2 });
  };
  const opened = await app.post('/open_session', { capacity_of_str_len: 1000 });
  t.equal(opened.status, 200);
  const id = opened.json as string;
  t.type(id, 'string');
  const ask = async (text: string, params: object, rid?: string): Promise<string> => {
    const answer = await app.post('/generate', { text, rid, session_params: { id, ...params } });
    t.equal(answer.status, 200, answer.text);
    return (answer.json as Body).meta_info.id;
  };

  const root = await ask('ab', {});
  const second = await ask('cd', { rid: root });
  await ask('ef', { rid: second });
  await ask('gh', { rid: root });
  await ask('ij', { rid: second, drop_previous_output: true });
  await ask('kl', { rid: second, offset: 3 });
  const texts = ['ab', 'abxycd', 'abxycdxyef', 'abxygh', 'abxycdij', 'abxkl'];
  t.strictSame(prompts, texts.map(idsOf));

  t.test('/v1/completions and /v1/chat/completions take part', async (t) => {
    const complete = async (path: string, body: object): Promise<string> => {
      const answer = await app.post(path, body);
      t.equal(answer.status, 200, answer.text);
      return (answer.json as { id: string }).id;
    };
    const first = await complete('/v1/completions', {
      prompt: 'ab',
      session_params: { id },
      max_tokens: 2,
    });
    const ids = idsOf('cd');
    const messages = [{ role: 'user', content: '' }];
    const chat = { input_ids: ids, messages, session_params: { id, rid: first } };
    await ask('ef', { rid: await complete('/v1/chat/completions', chat) });
    t.strictSame(prompts.slice(-3), ['ab', 'abxycd', 'abxycdxyef'].map(idsOf));
    const n = { prompt: 'a', session_params: { id }, n: 2 };
    t.equal((await app.post('/v1/completions', n)).status, 400, 'one sample');
  });

  t.test('replace forgets what came after', async (t) => {
    const third = await ask('mn', { rid: second });
    await ask('op', { rid: second, replace: true });
    const gone = await app.post('/generate', { text: 'q', session_params: { id, rid: third } });
    t.equal(gone.status, 400);
    t.strictSame(gone.json, { error: { message: 'Invalid request session id' } });
    await ask('rs', { replace: true });
    const all = await app.post('/generate', { text: 'q', session_params: { id, rid: root } });
    t.equal(all.status, 400);
  });

  t.test('nothing continues from a request that still runs, but it can be replaced', async (t) => {
    const running = ask('ab', {}, 'endless');
    while (app.scheduler.live.size === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    const body = { text: 'c', session_params: { id, rid: 'endless' } };
    const { json } = await app.post('/generate', body);
    t.strictSame(json, { error: { message: 'Invalid request session id' } });
    await ask('c', { rid: 'endless', replace: true });
    t.equal(await running, 'endless', 'it was aborted');
  });

  t.test('what is refused', async (t) => {
    const again = await app.post('/open_session', { capacity_of_str_len: 1, session_id: id });
    t.equal(again.status, 400);
    t.strictSame(again.json, {
      error: {
        message: 'Failed to open the session. Check if a session with the same id is still open.',
      },
    });
    t.equal((await app.post('/open_session', {})).status, 400);
    t.equal((await app.post('/open_session', { capacity_of_str_len: 1, timeout: 0 })).status, 400);
    const batch = { text: ['a', 'b'], session_params: { id } };
    t.equal((await app.post('/generate', batch)).status, 400);
    const both = await app.post('/generate', {
      text: 'a',
      session_id: 'x',
      session_params: { id },
    });
    t.match(both.json, {
      error: { message: 'session_id and session_params cannot both be set.' },
    });
    t.equal((await app.post('/close_session', { session_id: id })).text, '');
    const closed = await app.post('/generate', { text: 'a', session_params: { id } });
    t.strictSame(closed.json, {
      error: { message: `Invalid request: session id ${id} does not exist` },
    });
    t.equal((await app.post('/close_session', { session_id: id })).status, 200);
  });
});

t.test('a BOS is cut off what is appended, and idle sessions are closed', (t) => {
  let nowMs = 0;
  const sessions = new Sessions({ nowMs: () => nowMs, abort: () => undefined, bosTokenId: 1 });
  const id = sessions.open(null, 10);
  const params: SessionParams = {
    id,
    rid: null,
    offset: 0,
    replace: false,
    dropPreviousOutput: false,
  };
  t.same([...sessions.extend(params, Int32Array.of(1, 5))], [1, 5]);
  sessions.add(params, {
    rid: 'a',
    outputIds: [7],
    finish: { type: 'length', length: 1 },
    input: { req: { inputIds: Int32Array.of(1, 5) } },
  } as unknown as Generation);
  t.same([...sessions.extend({ ...params, rid: 'a' }, Int32Array.of(1, 6))], [1, 5, 7, 6]);
  nowMs = 10_001;
  t.throws(() => sessions.extend(params, Int32Array.of(1)), { message: /does not exist/ });
  for (let i = 0; i < 1024; i++) sessions.open(`s${i}`, null);
  t.throws(() => sessions.open('one too many', null), { message: /^Failed to open/ });
  t.end();
});

t.test('of a request that has ended a session keeps the tokens alone', (t) => {
  const aborted: Generation[] = [];
  const sessions = new Sessions({
    nowMs: () => 0,
    abort: (generation) => aborted.push(generation),
    bosTokenId: null,
  });
  const id = sessions.open(null, null);
  const params = { id, rid: null, offset: 0, replace: false, dropPreviousOutput: false };
  const begin = (rid: string) => {
    const updates = new Feed();
    const input = { req: { inputIds: Int32Array.of(1) } };
    const generation = { rid, outputIds: [2], finish: null, updates, input };
    sessions.add(params, generation as unknown as Generation);
    return generation;
  };
  const [ended, live] = [begin('ended'), begin('live')];
  t.throws(() => sessions.extend({ ...params, rid: 'ended' }, Int32Array.of(3)), /session id/);
  Object.assign(ended, { finish: { type: 'length', length: 1 } });
  ended.updates.publish();
  live.updates.publish();
  t.same([...sessions.extend({ ...params, rid: 'ended' }, Int32Array.of(3))], [1, 2, 3]);
  sessions.extend({ ...params, replace: true }, Int32Array.of(1));
  t.same(aborted, [live], 'who has ended is not there to be aborted');
  t.end();
});
