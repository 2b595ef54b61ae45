import t from 'tap';

import { CONTEXT_LENGTH, startApp } from '../test-app.js';
import { TOOL } from '../tiny-tokenizer.js';

const max_model_len = CONTEXT_LENGTH;

t.test('/tokenize and /detokenize', async (t) => {
  const app = await startApp();
  t.teardown(() => {
    app.app.close();
  });
  const ok = async (path: string, body: unknown, expected: unknown): Promise<void> => {
    const { status, json } = await app.post(path, body);
    t.equal(status, 200);
    t.strictSame(json, expected);
  };

  for (const path of ['/tokenize', '/v1/tokenize']) {
    await ok(path, { prompt: 'ab', model: 'x' }, { tokens: [97, 98], count: 2, max_model_len });
  }
  const batch = { tokens: [[97], [98, 99], []], count: [1, 2, 0], max_model_len };
  await ok('/tokenize', { prompt: ['a', 'bc', ''] }, batch);
  await ok('/tokenize', { prompt: '' }, { tokens: [], count: 0, max_model_len });
  const long = (await app.post('/tokenize', { prompt: 'a'.repeat(40_000) })).json;
  t.match(long, { count: 40_000 });

  for (const path of ['/detokenize', '/v1/detokenize']) {
    await ok(path, { tokens: [97, TOOL, 98] }, { text: 'ab' });
  }
  await ok('/detokenize', { tokens: [97, TOOL], skip_special_tokens: false }, { text: 'a<tool>' });
  await ok('/detokenize', { tokens: [[97], [], [98]] }, { text: ['a', '', 'b'] });
  await ok('/detokenize', { tokens: [] }, { text: '' });

  t.test('a long list is read in turns, as one text', async (t) => {
    let numTurns = 0;
    const count = (): void => {
      numTurns++;
      immediate = setImmediate(count);
    };
    let immediate = setImmediate(count);
    const tokens = Array.from({ length: 100_000 }, (_, i) => 97 + (i % 26));
    const { json } = await app.post('/detokenize', { tokens });
    clearImmediate(immediate);
    t.strictSame(json, {
      text: String.fromCharCode(...tokens.slice(0, 26))
        .repeat(3847)
        .slice(0, 100_000),
    });
    t.ok(numTurns >= 24, `${numTurns} turns`);
    const lists = Array.from({ length: 2 }, () => new Array<number>(600_000).fill(97));
    t.match((await app.post('/detokenize', { tokens: lists })).json, {
      message: /^tokens may have at most 1048576 ids, got 1200000/,
    });
  });

  t.test('what is refused, and how', async (t) => {
    const cases: [string, unknown, number, RegExp][] = [
      ['/tokenize', { prompt: 5 }, 400, /^prompt must be/],
      ['/tokenize', { prompt: ['a', 1] }, 400, /^prompt must be/],
      ['/tokenize', {}, 400, /^Exactly one of 'prompt' or 'messages' must be provided\.$/],
      ['/tokenize', { prompt: 'a', messages: [] }, 400, /^Exactly one of/],
      ['/detokenize', { tokens: ['a'] }, 400, /^tokens must be/],
      ['/detokenize', { tokens: [[1], 2] }, 400, /^tokens must be/],
      ['/detokenize', {}, 400, /^tokens must be/],
      ['/detokenize', { tokens: [1, -1, 2] }, 500, /^Internal server error during detokenization/],
    ];
    for (const [path, body, status, message] of cases) {
      const answer = await app.post(path, body);
      t.equal(answer.status, status, JSON.stringify(body));
      t.match(answer.json, { object: 'error', message, param: null, code: status });
    }
    const bare = await fetch(`${app.url}/tokenize`, { method: 'POST', body: '{"prompt":"a"}' });
    t.not(bare.status, 200, 'the body must be called JSON');
  });
});

t.test('without a tokenizer both say so', async (t) => {
  const app = await startApp({ skipTokenizerInit: true });
  t.teardown(() => {
    app.app.close();
  });
  for (const [path, body] of [
    ['/tokenize', { prompt: 'a' }],
    ['/detokenize', { tokens: [1] }],
  ] as const) {
    const { status, json } = await app.post(path, body);
    t.equal(status, 400);
    t.match(json, { message: /--skip-tokenizer-init/, type: 'BadRequestError' });
  }
});
