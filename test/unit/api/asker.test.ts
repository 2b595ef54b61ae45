import t from 'tap';

import { answering, openAiApp } from './openai/openai-app.js';

const CHAT = { messages: [{ role: 'user', content: 'hi' }] };

t.test('the namespace of a salt belongs to the key that asked', async (t) => {
  const app = await openAiApp(t);
  const seen = answering(app, 'ok');
  const namespaceOf = async (body: object, headers: Record<string, string>): Promise<string> => {
    for (const path of ['/generate', '/v1/chat/completions']) {
      const full = path === '/generate' ? { text: 'hi', ...body } : { ...CHAT, ...body };
      t.equal((await app.post(path, full, headers)).status, 200);
    }
    const [first, second] = seen.splice(0).map(({ namespace }) => namespace);
    t.equal(first, second, 'on every route');
    return first ?? '';
  };
  const [a, b] = [{ authorization: 'Bearer a' }, { authorization: 'Bearer b' }];
  const salt = { cache_salt: 's' };
  t.equal(await namespaceOf({}, a), '', 'without a salt all share');
  t.equal(await namespaceOf({}, {}), '');
  const own = await namespaceOf(salt, a);
  t.equal(await namespaceOf(salt, { 'x-api-key': 'a' }), own, 'however the key is brought');
  t.not(await namespaceOf(salt, b), own);
  t.not(await namespaceOf(salt, {}), own);
  t.not(await namespaceOf({ extra_key: 's' }, a), own);
  t.notMatch(own, 'Bearer', 'and it holds no key');
});

t.test('X-Data-Parallel-Rank wins over the body on the OpenAI routes', async (t) => {
  const app = await openAiApp(t, { dpSize: 2 });
  const seen = answering(app, 'ok');
  const post = (path: string, rank: string, body: object) =>
    app.post(path, { ...body, routed_dp_rank: 0 }, { 'x-data-parallel-rank': rank });
  for (const path of ['/v1/chat/completions', '/v1/completions']) {
    const body = path.includes('chat') ? CHAT : { prompt: 'hi' };
    t.equal((await post(path, '1', body)).status, 200);
    t.equal(seen.at(-1)?.dpRank, 1);
    const bad = await post(path, 'one', body);
    t.equal(bad.status, 400);
    t.match(bad.text, "Invalid X-Data-Parallel-Rank header: must be an integer, got 'one'");
    t.match((await post(path, '2', body)).text, 'must be in [0, 1], got 2');
  }
  t.equal((await post('/generate', '1', { text: 'hi' })).status, 200);
  t.equal(seen.at(-1)?.dpRank, 0, '/generate reads its body alone');
});
