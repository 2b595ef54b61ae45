import t from 'tap';

import type { AdmittedMiss, ReqInput } from '../../../src/messages.js';
import { framesOf, LENGTH, openAiApp, tick, type Chunk } from './openai/openai-app.js';
import type { TestApp } from './test-app.js';
import { idsOf } from './tiny-tokenizer.js';

const PROMPT = 'at 12:03';
const TWO = '2'.charCodeAt(0);
const FORK: AdmittedMiss = {
  cause: 'never_seen',
  // Behind the tokenizer's BOS.
  position: 8,
  expectedToken: TWO,
  pageSizeTokens: 4,
};

const TOLD = {
  cached_tokens: 8,
  prompt_tokens: 9,
  page_size: 4,
  cause: 'never_seen',
  first_miss: {
    position: 8,
    token_id: TWO + 1,
    text: '3',
    expected_token_id: TWO,
    expected_text: '2',
  },
  message: 'The prompt differs from a cached one at token 8: "3" instead of "2".',
};

const ROUTES = {
  '/generate': { text: PROMPT },
  '/v1/completions': { prompt: PROMPT },
  '/v1/chat/completions': { messages: [{ role: 'user', content: PROMPT }] },
};

/** Answers everything with `ab`, and says of the prompt what `miss` says; returns what was submitted. */
function missing(app: TestApp, miss: AdmittedMiss): ReqInput[] {
  const seen: ReqInput[] = [];
  app.scheduler.onAccepted = (req) => {
    seen.push(req);
    void play(app, req, req.explainsMiss ? miss : null);
  };
  return seen;
}

async function play({ scheduler }: TestApp, { num }: ReqInput, miss: AdmittedMiss | null) {
  await tick();
  scheduler.admit(num, 8, 0, miss);
  for (const id of idsOf('ab')) {
    await tick();
    scheduler.step([[num, id]]);
  }
  scheduler.finish(num, LENGTH, { cachedTokens: 8 });
}

/** Wherever the route puts it; undefined = nowhere. */
function infoOf(answer: unknown): unknown {
  const { meta_info: meta, sglext } = answer as Record<string, Record<string, unknown>>;
  return meta?.['cache_info'] ?? sglext?.['cache_info'];
}

t.test('an answer says why its prompt was not cached, to who asks', async (t) => {
  const app = await openAiApp(t);
  const seen = missing(app, FORK);
  const asks: readonly [string, object, Record<string, string>, boolean][] = [
    ['nobody', {}, {}, false],
    ['the body', { return_cache_info: true }, {}, true],
    ['the body, that it does not', { return_cache_info: false }, {}, false],
    ['a header', {}, { 'x-radish-cache-info': '1' }, true],
    ['a header, that it does not', {}, { 'x-radish-cache-info': '0' }, false],
  ];
  for (const [path, body] of Object.entries(ROUTES)) {
    for (const [who, more, headers, isAsked] of asks) {
      const { status, json } = await app.post(path, { ...body, ...more }, headers);
      t.equal(status, 200);
      t.equal(seen.at(-1)?.explainsMiss, isAsked, `${path}: ${who} asks`);
      if (!isAsked) t.equal(infoOf(json), undefined);
      else if (path.includes('chat')) t.match(infoOf(json), { cause: 'never_seen' });
      else t.same(infoOf(json), TOLD);
    }
  }
  const bad = await app.post('/generate', { text: 'hi', return_cache_info: 'please' });
  t.equal(bad.status, 400);
});

t.test('a stream says it in its last chunk', async (t) => {
  const app = await openAiApp(t);
  missing(app, FORK);
  for (const [path, body] of Object.entries(ROUTES)) {
    const ask = { ...body, stream: true, return_cache_info: true };
    const chunks: readonly Chunk[] = framesOf((await app.post(path, ask)).text);
    const told = chunks.map((chunk) => infoOf(chunk) !== undefined);
    t.equal(told.indexOf(true), told.length - 1, path);
    t.match(infoOf(chunks.at(-1)), { cause: 'never_seen', cached_tokens: 8 });
  }
});

t.test('several prompts have one each, several samples of a prompt one together', async (t) => {
  const app = await openAiApp(t);
  missing(app, FORK);
  const ask = { prompt: [PROMPT, PROMPT], n: 2, return_cache_info: true };
  t.same(infoOf((await app.post('/v1/completions', ask)).json), [TOLD, TOLD]);
});

t.test('every cause has its sentence', async (t) => {
  const app = await openAiApp(t);
  const told = async (miss: Partial<AdmittedMiss>): Promise<unknown> => {
    missing(app, { ...FORK, expectedToken: null, ...miss });
    const body = { text: PROMPT, return_cache_info: true };
    return infoOf((await app.post('/generate', body)).json);
  };
  const whole = { first_miss: null, cause: 'none', message: /last token/ };
  t.match(await told({ cause: 'none', position: null }), whole);
  const page = { first_miss: null, message: /less than a page/ };
  t.match(await told({ cause: 'less_than_a_page', position: null }), page);
  const evicted = { message: /^From token 4 on: .*--max-total-tokens/, first_miss: { text: '1' } };
  t.match(await told({ cause: 'evicted', position: 4 }), evicted);
  const disabled = { message: /^From token 0 on: .*--disable-radix-cache/ };
  t.match(await told({ cause: 'cache_disabled', position: 0 }), disabled);
});

t.test('without a tokenizer ids are all there is', async (t) => {
  const app = await openAiApp(t, { skipTokenizerInit: true });
  missing(app, { ...FORK, position: 2 });
  const body = { input_ids: [5, 6, 7], return_cache_info: true };
  t.match(infoOf((await app.post('/generate', body)).json), {
    first_miss: { token_id: 7, text: null, expected_token_id: TWO, expected_text: null },
    message: `The prompt differs from a cached one at token 2: id 7 instead of id ${TWO}.`,
  });
});

t.test('who never ran has missed nothing', async (t) => {
  const app = await openAiApp(t);
  app.scheduler.onAccepted = ({ num }) => {
    setImmediate(() => {
      app.scheduler.finish(num, { type: 'abort', message: 'gone', code: null });
    });
  };
  const body = { text: PROMPT, return_cache_info: true };
  const { json } = await app.post('/generate', body);
  t.equal((json as { meta_info: Record<string, unknown> }).meta_info['cache_info'], null);
});
