import t from 'tap';

import { postJson, settledPools } from './client.js';
import { startRadish } from './radish-process.js';

const ask = (content: string) => [{ role: 'user', content }];
const FRANCE = ask('What is the capital of France?');
const WEATHER = {
  name: 'get_weather',
  description: 'Get the weather',
  input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};
const greedy = { model: 'radish-tiny', max_tokens: 200, temperature: 0 };

interface Block {
  readonly type: string;
  readonly text?: string;
  readonly thinking?: string;
  readonly id?: string;
  readonly name?: string;
  readonly input?: { readonly city?: string };
}

interface Message {
  readonly content: Block[];
  readonly stop_reason: string;
  readonly usage: { readonly input_tokens: number; readonly cache_read_input_tokens: number };
}

interface Event {
  readonly type: string;
  readonly index?: number;
  readonly content_block?: Block;
  readonly delta?: Readonly<Record<string, string>>;
}

/** Named events, put together as clients do. */
function messageOf(stream: string): Message {
  const events = stream
    .split('\n\n')
    .slice(0, -1)
    .map((frame) => JSON.parse(frame.replace(/^event: \w+\ndata: /, '')) as Event);
  const content = events.flatMap(({ content_block: block }) => block ?? []);
  const joined = (index: number, field: string): string =>
    events.map((event) => (event.index === index && event.delta?.[field]) || '').join('');
  const blocks = content.map((block, i): Block => {
    if (block.type === 'text') return { ...block, text: joined(i, 'text') };
    if (block.type === 'thinking') return { ...block, thinking: joined(i, 'thinking') };
    return { ...block, input: JSON.parse(joined(i, 'partial_json')) as { city?: string } };
  });
  const ending = events.at(-2) as unknown as { delta: Message; usage: Message['usage'] };
  return { content: blocks, stop_reason: ending.delta.stop_reason, usage: ending.usage };
}

t.test('the Messages API on the built-in model', async (t) => {
  const radish = await startRadish(['--page-size', '4']);
  t.teardown(() => radish.stop());
  const url = `${radish.url}/v1/messages`;
  const whole = async (body: object): Promise<Message> =>
    (await (await postJson(url, { ...greedy, ...body })).json()) as Message;
  const streamed = async (body: object): Promise<Message> =>
    messageOf(await (await postJson(url, { ...greedy, ...body, stream: true })).text());

  t.test('text, whole and streamed, and the cache between them', async (t) => {
    const first = await whole({ messages: FRANCE });
    t.match(first, { content: [{ type: 'text', text: /Paris/ }], stop_reason: 'end_turn' });
    const again = await streamed({ messages: FRANCE });
    t.strictSame(again.content, first.content);
    t.ok(again.usage.cache_read_input_tokens > 0);
    const total = (message: Message): number =>
      message.usage.input_tokens + message.usage.cache_read_input_tokens;
    t.equal(total(again), total(first));
    const counted = await postJson(`${url}/count_tokens`, { model: 'm', messages: FRANCE });
    t.strictSame(await counted.json(), { input_tokens: total(first) });
  });

  t.test('a call and its result', async (t) => {
    const messages = ask('What is the weather in Paris?');
    for (const answer of [whole, streamed]) {
      const { content, stop_reason: reason } = await answer({ messages, tools: [WEATHER] });
      t.equal(reason, 'tool_use');
      const call = content.at(-1);
      t.match(call, { type: 'tool_use', id: /^toolu_/, name: 'get_weather' });
      t.type(call?.input?.city, 'string');
      const result = {
        type: 'tool_result',
        tool_use_id: call?.id,
        content: '18 degrees and sunny',
      };
      const turns = [
        { role: 'assistant', content },
        { role: 'user', content: [result] },
      ];
      const next = await answer({ messages: [...messages, ...turns], tools: [WEATHER] });
      t.match(next, { content: [{ type: 'text', text: /18/ }], stop_reason: 'end_turn' });
    }
  });

  t.test('thoughts, a text to continue, a form to fill, a stop', async (t) => {
    const thinking = { type: 'enabled', budget_tokens: 1024 };
    const thought = await streamed({ messages: FRANCE, max_tokens: 1500, thinking });
    t.match(thought.content, [
      { type: 'thinking', thinking: /\w/ },
      { type: 'text', text: /Paris/ },
    ]);
    const begun = [...FRANCE, { role: 'assistant', content: 'The capital of' }];
    t.match(await whole({ messages: begun }), { content: [{ text: / France is Paris/ }] });
    const schema = {
      type: 'object',
      properties: { city: { enum: ['Paris'] } },
      required: ['city'],
    };
    const format = { type: 'json_schema', schema };
    const [filled] = (await whole({ messages: FRANCE, output_config: { format } })).content;
    t.strictSame(JSON.parse(filled?.text ?? ''), { city: 'Paris' });
    t.match(await whole({ messages: FRANCE, stop_sequences: ['Paris'] }), {
      stop_reason: 'stop_sequence',
      stop_sequence: 'Paris',
    });
  });

  t.test('errors', async (t) => {
    const long = await postJson(url, { ...greedy, messages: ask('hello '.repeat(3000)) });
    t.equal(long.status, 400);
    const body = (await long.json()) as { request_id: string };
    t.match(body, {
      error: { type: 'invalid_request_error', message: /^prompt is too long: \d+ tokens/ },
    });
    t.equal(long.headers.get('request-id'), body.request_id);
  });

  t.test('a client that leaves takes its request with it', async (t) => {
    const leaving = new AbortController();
    const messages = ask('Tell me a story.');
    const body = { ...greedy, temperature: 2, max_tokens: 1800, messages, stream: true };
    const response = await postJson(url, body, { signal: leaving.signal });
    await response.body?.getReader().read();
    leaving.abort();
    await settledPools(radish.url);
    t.pass('its pages came back');
  });
});
