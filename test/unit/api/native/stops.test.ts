import t from 'tap';

import type { FinishReason } from '../../../../src/core/finish-reason.js';
import { startApp, type TestApp } from '../test-app.js';
import { EOS, idsOf, TOOL } from '../tiny-tokenizer.js';

interface Answer {
  text: string;
  output_ids: number[];
  meta_info: { finish_reason: FinishReason | null; completion_tokens: number };
}

async function answer(
  t: Tap,
  tokens: readonly number[],
  params: object,
  reason: FinishReason = { type: 'length', length: 99 },
): Promise<Answer> {
  const app = await openApp(t, tokens, reason);
  return (await app.post('/generate', { text: 'x', sampling_params: params })).json as Answer;
}

async function openApp(
  t: Tap,
  tokens: readonly number[],
  reason: FinishReason,
  args = {},
): Promise<TestApp> {
  const app = await startApp(args);
  t.teardown(() => {
    app.app.close();
  });
  app.scheduler.onAccepted = (req) => {
    setImmediate(() => {
      // As the real one: what it computed after a stop text that main is still to find.
      app.scheduler.run(req, tokens);
      if (req.hasTextStops) app.scheduler.check(req.num);
      setTimeout(() => {
        app.scheduler.finish(req.num, reason);
      }, 20);
    });
  };
  return app;
}

interface Tap {
  teardown(fn: () => void): void;
}

t.test('a stop string cuts text, ids and counts, and beats a later length', async (t) => {
  const got = await answer(t, idsOf('one END two'), { stop: ['END'] });
  t.equal(got.text, 'one ');
  t.strictSame(got.output_ids, idsOf('one END'));
  t.strictSame(got.meta_info.finish_reason, { type: 'stop', matched: 'END' });
  t.equal(got.meta_info.completion_tokens, 7);
});

t.test('no_stop_trim keeps it', async (t) => {
  const got = await answer(t, idsOf('one END two'), { stop: 'END', no_stop_trim: true });
  t.equal(got.text, 'one END');
});

t.test('a stop regex reports its pattern', async (t) => {
  const got = await answer(t, idsOf('this or that'), { stop_regex: 'and|or' });
  t.equal(got.text, 'this ');
  t.strictSame(got.meta_info.finish_reason, { type: 'stop', matched: 'and|or' });
});

t.test('a regex that explodes ends its own request with a 400', async (t) => {
  const app = await openApp(t, idsOf(`${'a'.repeat(60)}b`), { type: 'length', length: 99 });
  const exploding = { stop_regex: '(?=((a|aa)+)!)x|((a|aa)+)\\3!' };
  const { status, json } = await app.post('/generate', { text: 'x', sampling_params: exploding });
  t.equal(status, 400);
  t.match(json, { error: { message: /stop_regex.* too long/ } });
  const linear = { stop_regex: '(a+)+!' };
  const other = await app.post('/generate', { text: 'x', sampling_params: linear });
  t.equal(other.status, 200, 'what backtracking makes explode is linear for an automaton');
});

t.test('a special token may be a stop string', async (t) => {
  const got = await answer(t, [...idsOf('ab'), TOOL, ...idsOf('c')], { stop: '<tool>' });
  t.equal(got.text, 'ab');
  t.strictSame(got.meta_info.finish_reason, { type: 'stop', matched: '<tool>' });
});

t.test('without a match everything held back is released', async (t) => {
  const got = await answer(t, idsOf('one EN'), { stop: ['END'] });
  t.equal(got.text, 'one EN');
  t.equal(got.meta_info.finish_reason?.type, 'length');
});

t.test('a stop token is in the ids and not in the text', async (t) => {
  const ending: FinishReason = { type: 'stop', matched: 98 };
  const ids = { stop_token_ids: [98] };
  const trimmed = await answer(t, idsOf('ab'), ids, ending);
  t.equal(trimmed.text, 'a');
  t.strictSame(trimmed.output_ids, idsOf('ab'));
  const kept = await answer(t, idsOf('ab'), { ...ids, no_stop_trim: true }, ending);
  t.equal(kept.text, 'ab');
  const eos = { skip_special_tokens: false };
  const end: FinishReason = { type: 'stop', matched: EOS };
  t.equal((await answer(t, [97, EOS], eos, end)).text, 'a');
  t.equal((await answer(t, [97, EOS], { ...eos, no_stop_trim: true }, end)).text, 'a</s>');
});

t.test('a stream never shows what a match takes away', async (t) => {
  const reason: FinishReason = { type: 'length', length: 99 };
  const app = await openApp(t, idsOf('one END two'), reason, { incrementalStreamingOutput: true });
  const body = { text: 'x', stream: true, sampling_params: { stop: ['END'] } };
  const { text } = await app.post('/generate', body);
  const chunks = text
    .split('\n\n')
    .filter((frame) => frame.startsWith('data: {'))
    .map((frame) => JSON.parse(frame.slice(6)) as Answer);
  t.equal(chunks.map((chunk) => chunk.text).join(''), 'one ');
  t.strictSame(
    chunks.flatMap((chunk) => chunk.output_ids),
    idsOf('one END'),
  );
  t.equal(chunks.at(-1)?.meta_info.finish_reason?.type, 'stop');
});
