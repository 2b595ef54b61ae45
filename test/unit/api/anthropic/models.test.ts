import t from 'tap';

import { answerOf, CONTEXT_LENGTH } from '../test-app.js';
import { anthropicApp } from './anthropic-app.js';

const version = { 'anthropic-version': '2023-06-01' };
const card = {
  type: 'model',
  id: 'org/tiny',
  display_name: 'org/tiny',
  created_at: '2023-11-14T22:13:20.000Z',
  lifecycle: 'active',
  max_input_tokens: CONTEXT_LENGTH,
  max_tokens: CONTEXT_LENGTH,
};

t.test('models as the client that asks knows them', async (t) => {
  const app = await anthropicApp(t);
  const get = async (path: string, headers = {}) =>
    answerOf(await fetch(app.url + path, { headers }));
  const page = { has_more: false, first_id: 'org/tiny', last_id: 'org/tiny' };
  const list = await get('/v1/models', version);
  t.strictSame(list.json, { data: [card], ...page });
  t.match(list.headers.get('request-id'), /^req_/);
  t.match((await get('/v1/models')).json, { object: 'list' }, 'OpenAI’s without the header');
  for (const name of ['org/tiny', 'org%2Ftiny']) {
    t.strictSame((await get(`/v1/models/${name}`, version)).json, card);
  }
  const missing = await get('/v1/models/other', version);
  t.equal(missing.status, 404);
  t.match(missing.json, { type: 'error', error: { type: 'not_found_error' } });
});
