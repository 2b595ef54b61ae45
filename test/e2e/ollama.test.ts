import { fileURLToPath } from 'node:url';
import t from 'tap';

import { postJson, settledPools } from './client.js';
import { startRadish } from './radish-process.js';

const FIXTURES = fileURLToPath(new URL('../../../test/fixtures/', import.meta.url));
const MODEL = 'radish-tiny:latest';
const ask = (content: string) => [{ role: 'user', content }];
const greedy = { model: MODEL, options: { temperature: 0 } };
const FRANCE = { ...greedy, messages: ask('What is the capital of France?') };
const TOOLS = [
  {
    type: 'function',
    function: {
      name: 'get_weather',
      parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    },
  },
];

interface Message {
  readonly role: string;
  readonly content: string;
  readonly thinking?: string;
  readonly tool_calls?: readonly { readonly function: { readonly arguments: unknown } }[];
}

interface Line {
  readonly message?: Message;
  readonly response?: string;
  readonly done?: boolean;
  readonly done_reason?: string;
  readonly context?: number[];
  readonly eval_count?: number;
  readonly total_duration?: number;
}

async function whole(url: string, body: object): Promise<Line> {
  const response = await postJson(url, { ...body, stream: false });
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
  return (await response.json()) as Line;
}

async function lines(url: string, body: object): Promise<Line[]> {
  const text = await (await postJson(url, body)).text();
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

t.test('the built-in model in the words of Ollama', async (t) => {
  const radish = await startRadish([], { SGLANG_OLLAMA_ROOT_ROUTE: '/' });
  t.teardown(() => radish.stop());
  const chat = `${radish.url}/api/chat`;
  const generate = `${radish.url}/api/generate`;

  t.test('chat, whole and streamed', async (t) => {
    const answer = await whole(chat, FRANCE);
    t.equal(answer.message?.content, 'The capital of France is Paris.');
    t.equal(answer.done_reason, 'stop');
    t.ok((answer.total_duration ?? 0) > 1_000_000, 'nanoseconds');
    const stream = await lines(chat, FRANCE);
    t.equal(stream.map(({ message }) => message?.content).join(''), answer.message?.content);
    t.equal(stream.at(-1)?.eval_count, answer.eval_count);
  });

  t.test('thoughts', async (t) => {
    const thought = await whole(chat, { ...FRANCE, think: true });
    t.match(thought.message, { content: 'The capital of France is Paris.', thinking: /^\w/ });
    const stream = await lines(chat, { ...FRANCE, think: true });
    t.equal(
      stream.map(({ message }) => message?.thinking ?? '').join(''),
      thought.message?.thinking,
    );
    t.notOk((await whole(chat, { ...FRANCE, think: false })).message?.thinking);
  });

  t.test('a call, its result, and what comes of it', async (t) => {
    const messages = ask('What is the weather in Paris?');
    const { message } = await whole(chat, { ...greedy, messages, tools: TOOLS });
    t.match(message?.tool_calls, [{ function: { arguments: { city: 'Paris' } } }]);
    const stream = await lines(chat, { ...greedy, messages, tools: TOOLS });
    const calls = stream.flatMap((line) => line.message?.tool_calls ?? []);
    t.strictSame(
      calls.map((call) => call.function.arguments),
      [{ city: 'Paris' }],
    );
    const result = {
      role: 'tool',
      tool_name: 'get_weather',
      content: 'It is sunny and 21 degrees in Paris.',
    };
    const told = await whole(chat, {
      ...greedy,
      messages: [...messages, message, result],
      tools: TOOLS,
    });
    t.match(told.message?.content, /21/);
  });

  t.test('a prompt, its context, and a beginning that it goes on from', async (t) => {
    const first = await whole(generate, { ...greedy, prompt: 'What is the capital of France?' });
    t.match(first.response, /Paris/);
    const { context } = first;
    const next = await whole(generate, {
      ...greedy,
      prompt: 'What is the capital of Japan?',
      context,
    });
    t.match(next.response, /Tokyo/);
    t.same(next.context?.slice(0, context?.length), context);
    const begun = [...FRANCE.messages, { role: 'assistant', content: 'The capital of France is' }];
    t.match((await whole(chat, { ...greedy, messages: begun })).message?.content, /^ ?Paris/);
  });

  t.test('formats', async (t) => {
    const format = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] };
    const { message } = await whole(chat, { ...FRANCE, format });
    t.type((JSON.parse(message?.content ?? '') as { ok: unknown }).ok, 'boolean');
    const bad = await postJson(chat, { ...FRANCE, format: { type: 'xml' } });
    t.equal(bad.status, 400);
    t.type(((await bad.json()) as { error: unknown }).error, 'string');
  });

  t.test('a client that leaves ends its request', async (t) => {
    const leaving = new AbortController();
    const body = {
      model: MODEL,
      messages: ask('Tell me a story.'),
      options: { num_predict: 2000 },
    };
    const response = await postJson(chat, body, { signal: leaving.signal });
    await response.body?.getReader().read();
    leaving.abort();
    await settledPools(radish.url);
    t.pass('no request holds a page');
  });

  t.test('the root', async (t) => {
    t.equal(await (await fetch(radish.url)).text(), 'Ollama is running');
  });
});

t.test('vectors', async (t) => {
  const model = ['--model-path', `${FIXTURES}pooled/bert-mean`];
  const tokenizer = ['--tokenizer-path', `${FIXTURES}tokenizers/wordpiece`];
  const radish = await startRadish([...model, ...tokenizer]);
  t.teardown(() => radish.stop());
  const body = { model: 'any', input: ['hello world', 'x '.repeat(3000)] };
  const response = await postJson(`${radish.url}/api/embed`, body);
  const { embeddings } = (await response.json()) as { embeddings: number[][] };
  t.equal(embeddings.length, 2);
  for (const vector of embeddings) t.ok(Math.abs(Math.hypot(...vector) - 1) < 1e-6);
  t.equal((await postJson(`${radish.url}/api/embed`, { ...body, truncate: false })).status, 400);
});
