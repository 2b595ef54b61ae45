import t from 'tap';

import type { ServerArgs } from '../../../../src/config/server-args.js';
import { firstHiddenRow } from '../../../../src/core/hidden-states.js';
import type { ReqHiddenRows, ReqInput } from '../../../../src/messages.js';
import { startApp, type TestApp } from '../test-app.js';

const ENABLED: Partial<ServerArgs> = { enableReturnHiddenStates: true };

/** Rows `[from, to)`, three numbers each: the place, an eighth of it, and what JSON has no number for. */
function rowsOf(req: ReqInput, from: number, to: number): ReqHiddenRows[] {
  if (from >= to) return [];
  const rows = Array.from({ length: to - from }, (_, i) => [from + i, (from + i) / 8, NaN]);
  const values = Float32Array.from(rows.flat());
  return [{ num: req.num, position: from, numRows: to - from, values }];
}

const shown = (place: number) => [place, place / 8, null];

/** Two tokens each: the rows of the prompt come in two parts, a further one with the second token. */
async function open(
  t: { teardown(fn: () => void): void },
  args: Partial<ServerArgs> = ENABLED,
): Promise<TestApp> {
  const app = await startApp(args);
  t.teardown(() => {
    app.app.close();
  });
  app.scheduler.onAccepted = (req) => {
    const length = req.inputIds.length;
    const first = Math.min(length, firstHiddenRow(req.hiddenStates, length));
    const seen =
      req.hiddenStates === null
        ? []
        : [...rowsOf(req, first, length - 1), ...rowsOf(req, length - 1, length)];
    setImmediate(() => {
      app.scheduler.step([[req.num, 104]], [], seen);
      app.scheduler.step(
        [[req.num, 105]],
        [],
        seen.length > 0 ? rowsOf(req, length, length + 1) : [],
      );
      app.scheduler.finish(req.num, { type: 'length', length: 2 });
    });
  };
  return app;
}

const hiddenOf = (object: unknown): unknown =>
  (object as { meta_info: Record<string, unknown> }).meta_info['hidden_states'];

t.test('the prompt is one item, then one row for each token but the first', async (t) => {
  const app = await open(t);
  const { json } = await app.post('/generate', { text: 'abc', return_hidden_states: true });
  t.same(hiddenOf(json), [[shown(0), shown(1), shown(2)], shown(3)]);
  for (const value of [1, 'true', 'yes']) {
    const coerced = await app.post('/generate', { text: 'ab', return_hidden_states: value });
    t.same(hiddenOf(coerced.json), [[shown(0), shown(1)], shown(2)], `${value}`);
  }
});

t.test('last is a row by itself', async (t) => {
  const app = await open(t);
  const { json } = await app.post('/generate', { text: 'abc', return_hidden_states: 'last' });
  t.same(hiddenOf(json), shown(3));
});

t.test('who asks for none gets no key', async (t) => {
  for (const args of [ENABLED, {}]) {
    const app = await open(t, args);
    for (const value of [false, null, 0, undefined]) {
      const { status, json } = await app.post('/generate', {
        text: 'abc',
        return_hidden_states: value,
      });
      t.equal(status, 200);
      t.notOk('hidden_states' in (json as { meta_info: object }).meta_info);
    }
  }
});

t.test('a list has one value a prompt, and counts for all samples of it', async (t) => {
  const app = await open(t);
  const ask = async (body: object) => (await app.post('/generate', body)).json as unknown[];
  const modes = [true, false, 'last'];
  const batch = await ask({ text: ['ab', 'abc', 'a'], return_hidden_states: modes });
  t.same(batch.map(hiddenOf), [[[shown(0), shown(1)], shown(2)], undefined, shown(1)]);
  const samples = { text: ['ab', 'a'], sampling_params: { n: 2 } };
  const both = await ask({ ...samples, return_hidden_states: ['last', false] });
  t.same(both.map(hiddenOf), [shown(2), shown(2), undefined, undefined]);
  const one = { text: 'a', sampling_params: { n: 2 }, return_hidden_states: ['last'] };
  t.same((await ask(one)).map(hiddenOf), [shown(1), shown(1)]);
});

t.test('every chunk of a stream brings all rows so far', async (t) => {
  for (const incrementalStreamingOutput of [false, true]) {
    const app = await open(t, { ...ENABLED, incrementalStreamingOutput });
    const body = { text: 'ab', stream: true, return_hidden_states: true };
    const { text } = await app.post('/generate', body);
    const frames = text.trim().split('\n\n').slice(0, -1);
    const seen = frames.map((frame) => hiddenOf(JSON.parse(frame.replace('data: ', ''))));
    const prompt = [shown(0), shown(1)];
    t.same(seen[0], [prompt]);
    t.same(seen.at(-1), [prompt, shown(2)]);
  }
});

t.test('rows of tokens behind a stop string are not shown', async (t) => {
  const app = await open(t);
  const stopping = { text: 'ab', sampling_params: { stop: 'h' } };
  const full = await app.post('/generate', { ...stopping, return_hidden_states: true });
  t.same(hiddenOf(full.json), [[shown(0), shown(1)]]);
  const last = await app.post('/generate', { ...stopping, return_hidden_states: 'last' });
  t.same(hiddenOf(last.json), shown(1));
});

t.test('what the server was not started for is refused in words of SGLang', async (t) => {
  const post = async (args: Partial<ServerArgs>, body: object) => {
    const app = await open(t, args);
    return (await app.post('/generate', { text: 'a', ...body })) as {
      status: number;
      json: unknown;
    };
  };
  const off = /^The server is not configured to return hidden states\. .*--enable-return-hidden/;
  const most = /^The requested return_hidden_states mode exceeds the server maximum `last`\./;
  const saying = (message: RegExp) => ({ status: 400, json: { error: { message } } });
  t.match(await post({}, { return_hidden_states: true }), saying(off));
  t.match(await post({}, { return_hidden_states: 'last' }), saying(off));
  t.match(await post({}, { text: ['a'], return_hidden_states: ['last'] }), saying(off));
  const lastOnly: Partial<ServerArgs> = { returnHiddenStatesMode: 'last' };
  t.match(await post(lastOnly, { return_hidden_states: true }), saying(most));
  t.match(await post(lastOnly, { return_hidden_states: 'last' }), { status: 200 });
  const both = { ...lastOnly, ...ENABLED };
  t.match(await post(both, { return_hidden_states: true }), saying(most), 'the mode wins');
  const full: Partial<ServerArgs> = { returnHiddenStatesMode: 'full' };
  t.match(await post(full, { return_hidden_states: true }), { status: 200 });
});

t.test('what is no mode is refused, and what is too much', async (t) => {
  const app = await open(t);
  const refusal = async (body: object) => {
    const { status, text } = await app.post('/generate', { text: 'a', ...body });
    t.equal(status, 400);
    return text;
  };
  const wrong = /return_hidden_states must be a boolean or the string literal 'last'\./;
  for (const value of ['all', 'first', 2, {}, [true]]) {
    t.match(await refusal({ return_hidden_states: value }), wrong, JSON.stringify(value));
  }
  const nested = { text: ['a'], return_hidden_states: [['last']] };
  t.match(await refusal(nested), wrong);
  const short = { text: ['a', 'b'], return_hidden_states: [true] };
  t.match(await refusal(short), /length of return_hidden_states should be equal to the batch size/);
  const huge = {
    text: Array.from({ length: 4000 }, () => 'abcd'.repeat(20)),
    return_hidden_states: true,
  };
  t.match(
    await refusal(huge),
    /^\{"error":\{"message":"The request asks for \d+ numbers of hidden/,
  );
});
