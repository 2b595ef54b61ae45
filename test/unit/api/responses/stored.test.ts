import t from 'tap';

import { answering } from '../openai/openai-app.js';
import { idsOf, BOS } from '../tiny-tokenizer.js';
import {
  ask,
  create,
  ended,
  eventsOf,
  PATH,
  responsesApp,
  type ErrorBody,
} from './responses-app.js';

const STOP = { type: 'stop', matched: 'd' } as const;
const promptOf = (text: string): number[] => [BOS, ...idsOf(text)];

interface List {
  readonly data: readonly { readonly id: string; readonly role?: string }[];
  readonly has_more: boolean;
}

t.test('a chain holds what was asked and answered', async (t) => {
  const app = await responsesApp(t);
  const seen = answering(app, 'abc', STOP);
  const first = await create(app, { input: 'a', instructions: 'gone' });
  const second = await create(app, { input: 'b', previous_response_id: first.id });
  t.strictSame([...(seen[1]?.inputIds ?? [])], promptOf('[user:a][assistant:abc][user:b]>'));
  const items = (query: string) =>
    ask<List>(app, 'GET', `${PATH}/${second.id}/input_items${query}`);
  t.strictSame(
    (await items('')).json.data.map(({ role }) => role),
    ['user', 'assistant', 'user'],
  );
  const page = await items('?order=asc&limit=2');
  t.match(page.json, {
    object: 'list',
    has_more: true,
    data: [{ role: 'user' }, { role: 'assistant' }],
  });
  const last = page.json.data[1]?.id ?? '';
  t.match((await items(`?order=asc&after=${last}`)).json, {
    has_more: false,
    data: [{ role: 'user' }],
  });
  for (const query of ['?limit=0', '?limit=x', '?order=up', '?after=x']) {
    t.equal((await items(query)).status, 400, query);
  }
  t.match((await ask(app, 'DELETE', `${PATH}/${first.id}`)).json, { id: first.id, deleted: true });
  t.equal((await ask(app, 'GET', `${PATH}/${first.id}`)).status, 404);
  await create(app, { input: 'c', previous_response_id: second.id });
  const all = '[user:a][assistant:abc][user:b][assistant:abc][user:c]>';
  t.strictSame([...(seen[2]?.inputIds ?? [])], promptOf(all), 'the chain does not need the entry');
});

t.test('what is not kept, or is another key’s, is not there', async (t) => {
  const app = await responsesApp(t);
  answering(app, 'abc', STOP);
  const { id } = await create(app, { input: 'a' }, 'mine');
  const gone = await create(app, { input: 'a', store: false }, 'mine');
  t.equal((await ask(app, 'GET', `${PATH}/${id}`, 'mine')).status, 200);
  t.equal((await ask(app, 'GET', `${PATH}/${gone.id}`, 'mine')).status, 404);
  const paths = [
    ['GET', id],
    ['GET', `${id}/input_items`],
    ['POST', `${id}/cancel`],
    ['DELETE', id],
    ['GET', `${id}?stream=true`],
  ];
  for (const [method = '', path = ''] of paths) {
    const { status, json } = await ask<ErrorBody>(app, method, `${PATH}/${path}`, 'yours');
    t.equal(status, 404, `${method} ${path}`);
    t.match(json.error, { message: /not found/, param: 'response_id' });
  }
  const chained = { input: 'a', previous_response_id: id };
  await t.rejects(create(app, chained, 'yours'), { message: /^404/ });
  t.equal((await ask(app, 'GET', `${PATH}/x`)).status, 400, 'no id of a response');
  t.equal((await ask(app, 'GET', `${PATH}/${id}/odd`)).status, 404);
});

t.test('items are referred to by their ids', async (t) => {
  const app = await responsesApp(t);
  const seen = answering(app, 'abc', STOP);
  const { output } = await create(app, { input: 'a' });
  const reference = { type: 'item_reference', id: output[0]?.['id'] };
  await create(app, {
    input: [{ role: 'user', content: 'a' }, reference, { role: 'user', content: 'b' }],
  });
  t.strictSame([...(seen[1]?.inputIds ?? [])], promptOf('[user:a][assistant:abc][user:b]>'));
});

t.test('a response that has ended streams as it could have', async (t) => {
  const app = await responsesApp(t);
  answering(app, 'abc', STOP);
  const response = await create(app, { input: 'a' });
  const { text } = await ask(app, 'GET', `${PATH}/${response.id}?stream=true`);
  const events = eventsOf(text);
  t.strictSame(events.at(-1)?.response, response);
  t.match(events[0], { type: 'response.created', response: { status: 'in_progress', output: [] } });
  const rest = eventsOf(
    (await ask(app, 'GET', `${PATH}/${response.id}?stream=1&starting_after=3`)).text,
  );
  t.strictSame(rest, events.slice(4));
  const none = eventsOf(
    (await ask(app, 'GET', `${PATH}/${response.id}?stream=1&starting_after=99`)).text,
  );
  t.strictSame(none, events.slice(-1), 'at least how it ended');
});

t.test('in the background', async (t) => {
  const app = await responsesApp(t);
  answering(app, 'abc', STOP);
  const queued = await create(app, { input: 'a', background: true });
  t.match(queued, { status: 'queued', output: [], usage: null, background: true });
  t.match(await ended(app, queued.id), {
    status: 'completed',
    output: [{ content: [{ text: 'abc' }] }],
  });
  const live = eventsOf(
    (await app.post(PATH, { input: 'a', background: true, stream: true })).text,
  );
  t.strictSame(
    live.slice(0, 3).map(({ type }) => type),
    ['response.created', 'response.queued', 'response.in_progress'],
  );
  const { id = '' } = live[0]?.response ?? {};
  const again = eventsOf(
    (await ask(app, 'GET', `${PATH}/${id}?stream=true&starting_after=2`)).text,
  );
  t.strictSame(again, live.slice(3), 'every event is kept at its place');
  answering(app, '', { type: 'abort', message: 'Full.', code: 'QUEUE_FULL' });
  const doomed = await create(app, { input: 'a', background: true });
  t.match(await ended(app, doomed.id), { status: 'failed', error: { message: 'Full.' } });
});

t.test('a live response is cancelled, polled and deleted, and cannot be continued', async (t) => {
  const app = await responsesApp(t);
  const { id } = await create(app, { input: 'a', background: true });
  const chained = { input: 'b', previous_response_id: id };
  await t.rejects(create(app, chained), { message: /^400.*cannot be continued yet/ });
  t.match((await ask(app, 'POST', `${PATH}/${id}/cancel`)).json, { status: 'cancelled' });
  t.equal((await ask(app, 'GET', `${PATH}/${id}`)).json.status, 'cancelled');
  const aborted = app.scheduler.received.some(({ kind }) => kind === 'abort');
  t.ok(aborted, 'the scheduler was told');
  app.scheduler.finish(1, { type: 'abort', message: 'Aborted', code: null });
  t.match(await ended(app, id), { status: 'cancelled', error: null });
});

t.test('one that is cancelled before its first token has ended as others have', async (t) => {
  const app = await responsesApp(t);
  const seen = answering(app, 'abc', STOP);
  const first = await create(app, { input: 'a' });
  const { onAccepted } = app.scheduler;
  app.scheduler.onAccepted = () => undefined;
  const asked = { input: 'b', background: true, previous_response_id: first.id };
  const { id } = await create(app, asked);
  const live = ask(app, 'GET', `${PATH}/${id}?stream=true`);
  t.match((await ask(app, 'POST', `${PATH}/${id}/cancel`)).json, { status: 'cancelled' });
  const events = eventsOf((await live).text);
  t.match(events.at(-1)?.response, { status: 'cancelled', output: [] });
  const cancelled = { status: 'cancelled', output: [], error: null };
  t.match((await ask(app, 'GET', `${PATH}/${id}`)).json, cancelled, 'not in progress for ever');
  const again = await ask(app, 'POST', `${PATH}/${id}/cancel`);
  t.match(again.json, cancelled, 'twice is once');
  const items = await ask<List>(app, 'GET', `${PATH}/${id}/input_items?order=asc`);
  t.match(
    items.json.data,
    [{ role: 'user' }, { role: 'assistant' }, { role: 'user' }],
    'its own too',
  );
  app.scheduler.onAccepted = onAccepted;
  await create(app, { input: 'c', previous_response_id: id });
  const all = '[user:a][assistant:abc][user:b][user:c]>';
  t.strictSame([...(seen.at(-1)?.inputIds ?? [])], promptOf(all));
});

t.test('tokens are counted, conversations compacted', async (t) => {
  const app = await responsesApp(t);
  const seen = answering(app, 'abc', STOP);
  const count = await app.post(`${PATH}/input_tokens`, { input: 'hi', instructions: 's' });
  const input_tokens = promptOf('[system:s][user:hi]>').length;
  t.strictSame(count.json, { object: 'response.input_tokens', input_tokens });
  t.equal(seen.length, 0);
  const nameless = await app.post(`${PATH}/compact`, { input: 'I am A.' });
  t.match(nameless, { status: 400, json: { error: { param: 'model' } } });
  const { json } = await app.post(`${PATH}/compact`, {
    model: 'm',
    input: [
      { role: 'user', content: 'I am A.' },
      { role: 'assistant', content: 'Hi.' },
    ],
  });
  const { output } = json as { output: readonly { type: string }[] };
  t.match(json, { object: 'response.compaction', usage: { output_tokens: 3 } });
  t.strictSame(
    output.map(({ type }) => type),
    ['message', 'compaction'],
  );
  await create(app, { input: [...output, { role: 'user', content: 'b' }] });
  const summary = '[system:Summary of the conversation so far:\nabc]';
  t.strictSame([...(seen[1]?.inputIds ?? [])], promptOf(`${summary}[user:I am A.][user:b]>`));
});
