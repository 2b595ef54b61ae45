import t from 'tap';
import { startApp, type TestApp } from '../test-app.js';

const LABELS = [5, 9];

async function scoringApp(probs: readonly number[]): Promise<TestApp> {
  const app = await startApp();
  t.teardown(() => {
    app.app.close();
  });
  app.scheduler.onAccepted = ({ num }) => {
    const values = Float32Array.from([0.9, ...probs].map(Math.log));
    const row = {
      num,
      position: 0,
      part: 'output' as const,
      ids: Int32Array.of(1, ...LABELS),
      values,
    };
    app.scheduler.step([[num, 1]], [row]);
    app.scheduler.finish(num, { type: 'length', length: 1 });
  };
  return app;
}

const promptsOf = ({ scheduler }: TestApp): string[] =>
  scheduler.received.flatMap((message) =>
    message.kind === 'submit'
      ? message.reqs.map(({ inputIds }) => String.fromCharCode(...inputIds))
      : [],
  );

t.test('scores are the probabilities of the labels after query and item', async (t) => {
  const app = await scoringApp([0.2, 0.1]);
  const body = { query: 'Is ', items: ['a', 'bc'], label_token_ids: LABELS, model: 'm' };
  const { status, json } = await app.post('/v1/score', body);
  t.equal(status, 200);
  const { scores, ...rest } = json as { scores: number[][] };
  t.strictSame(rest, { model: 'm', usage: null, object: 'scoring' });
  t.same(
    scores.map((row) => row.map((value) => value.toFixed(5))),
    [
      ['0.20000', '0.10000'],
      ['0.20000', '0.10000'],
    ],
  );
  t.strictSame(promptsOf(app), ['Is a', 'Is bc']);
  t.match(app.scheduler.received[0], {
    reqs: [{ sampling: { maxNewTokens: 1, temperature: 1 }, logprobs: { tokenIds: LABELS } }],
  });
});

t.test('apply_softmax normalises over the labels; item_first turns the order', async (t) => {
  const app = await scoringApp([0.2, 0.1]);
  const body = { query: 'q', items: 'i', label_token_ids: LABELS, apply_softmax: true };
  const { json } = await app.post('/v1/score', { ...body, item_first: true });
  const [row = []] = (json as { scores: number[][] }).scores;
  t.same(
    row.map((value) => value.toFixed(5)),
    ['0.66667', '0.33333'],
  );
  t.strictSame(promptsOf(app), ['iq']);
  const ids = { query: [97], items: [[98, 99], [100]], label_token_ids: LABELS, item_first: true };
  await app.post('/v1/score', ids);
  t.strictSame(promptsOf(app).slice(1), ['bca', 'da']);
});

t.test('what makes no sense is refused', async (t) => {
  const app = await scoringApp([0.2, 0.1]);
  const refused: [object, string][] = [
    [{ query: 'a', items: 'b' }, 'label_token_ids must be provided'],
    [
      { query: 'a', items: 'b', label_token_ids: [99999] },
      'Token ID 99999 is out of vocabulary (vocab size: 303)',
    ],
    [
      { query: 'a', items: [[1]], label_token_ids: LABELS },
      'Invalid combination of query/items types for score_request.',
    ],
  ];
  for (const [body, message] of refused) {
    const json = { object: 'error', message, type: 'BadRequestError', code: 400 };
    t.match(await app.post('/v1/score', body), { status: 400, json });
  }
});
