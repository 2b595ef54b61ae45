import t from 'tap';

import { answering } from '../openai/openai-app.js';
import { BOS, idsOf } from '../tiny-tokenizer.js';
import { ask, create, responsesApp, type ErrorBody } from './responses-app.js';

const PATH = '/v1/conversations';
const STOP = { type: 'stop', matched: 'd' } as const;
const said = (text: string) => ({ role: 'user', content: text });

interface Items {
  readonly data: readonly { readonly id: string; readonly role: string }[];
}

t.test('a conversation from its beginning to its end', async (t) => {
  const app = await responsesApp(t);
  const seen = answering(app, 'abc', STOP);
  const made = (await app.post(PATH, { items: [said('a')], metadata: { x: 'y' } })).json as {
    id: string;
  };
  t.match(made, { id: /^conv_/, object: 'conversation', metadata: { x: 'y' } });
  const here = `${PATH}/${made.id}`;
  t.strictSame((await ask(app, 'GET', here)).json, made);
  for (const text of ['b', 'c']) await create(app, { input: text, conversation: { id: made.id } });
  const prompt = '[user:a][user:b][assistant:abc][user:c]>';
  t.strictSame([...(seen[1]?.inputIds ?? [])], [BOS, ...idsOf(prompt)]);
  const list = async () => (await ask<Items>(app, 'GET', `${here}/items?order=asc`)).json.data;
  t.strictSame(
    (await list()).map(({ role }) => role),
    ['user', 'user', 'assistant', 'user', 'assistant'],
  );
  const added = (await app.post(`${here}/items`, { items: [said('d')] })).json as Items;
  t.match(added, { object: 'list', data: [{ role: 'user' }], has_more: false });
  const item = `${here}/items/${added.data[0]?.id ?? ''}`;
  t.strictSame((await ask(app, 'GET', item)).json, added.data[0]);
  t.match((await ask(app, 'DELETE', item)).json, { object: 'conversation' });
  t.equal((await ask(app, 'GET', item)).status, 404);
  t.equal((await list()).length, 5);
  t.match((await app.post(here, { metadata: { z: '1' } })).json, { metadata: { z: '1' } });
  t.match((await ask(app, 'DELETE', here)).json, { object: 'conversation.deleted', deleted: true });
  t.equal((await ask(app, 'GET', here)).status, 404);
});

t.test('what failed adds nothing; what two ask at once, both add', async (t) => {
  const app = await responsesApp(t);
  const { id } = (await app.post(PATH, {})).json as { id: string };
  const num = async () => (await ask<Items>(app, 'GET', `${PATH}/${id}/items`)).json.data.length;
  answering(app, 'a', { type: 'abort', message: 'No.', code: null });
  await create(app, { input: 'x', conversation: id });
  t.equal(await num(), 0);
  answering(app, 'a', STOP);
  await Promise.all(['x', 'y'].map((input) => create(app, { input, conversation: id })));
  t.equal(await num(), 4);
});

t.test('what is refused', async (t) => {
  const app = await responsesApp(t);
  const { id } = (await app.post(PATH, {})).json as { id: string };
  const many = Array.from({ length: 21 }, () => said('x'));
  t.equal((await app.post(PATH, { items: many })).status, 400);
  t.equal((await app.post(`${PATH}/${id}/items`, { items: 'x' })).status, 400);
  t.equal((await app.post(`${PATH}/${id}/items`, {})).status, 400);
  const image = { role: 'user', content: [{ type: 'input_image' }] };
  const refused = await app.post(`${PATH}/${id}/items`, { items: [image] });
  t.match((refused.json as ErrorBody).error, { param: 'items[0].content[0]', code: 400 });
  t.equal((await ask(app, 'GET', `${PATH}/conv_x`)).status, 404);
  t.equal((await ask(app, 'GET', `${PATH}/${id}/odd`)).status, 404);
  t.equal((await ask(app, 'DELETE', `${PATH}/${id}/items`)).status, 404);
  t.equal((await ask(app, 'GET', `${PATH}/${id}`, 'yours')).status, 404, 'another key');
  t.equal(
    (await fetch(app.url + PATH, { method: 'POST' })).status,
    200,
    'the body may be left out',
  );
});
