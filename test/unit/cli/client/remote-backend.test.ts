import t from 'tap';

import type { ChatBackend, ChatDelta } from '../../../../src/cli/client/backend.js';
import { endpointOf } from '../../../../src/cli/client/endpoint.js';
import { connect } from '../../../../src/cli/client/remote-backend.js';
import {
  delta,
  events,
  frame,
  json,
  ONE_MODEL,
  saying,
  scriptedServer,
  usage,
  type Answer,
  type ScriptedServer,
} from '../../../doubles/openai-server.js';

const CHAT = 'POST /v1/chat/completions';
const QUESTION = [{ role: 'user', content: 'Hi' }] as const;

async function talkTo(
  answers: Readonly<Record<string, Answer>>,
  model: string | null = null,
): Promise<{ backend: ChatBackend; server: ScriptedServer }> {
  const server = await scriptedServer({ 'GET /v1/models': ONE_MODEL, ...answers });
  t.teardown(() => server.close());
  const backend = await connect(endpointOf(server.url, { radish: null, openAi: null }), { model });
  t.teardown(() => backend.close());
  return { backend, server };
}

async function collect(deltas: AsyncIterable<ChatDelta>): Promise<ChatDelta[]> {
  const all: ChatDelta[] = [];
  for await (const one of deltas) all.push(one);
  return all;
}

async function answerTo(answer: Answer): Promise<ChatDelta[]> {
  const { backend } = await talkTo({ [CHAT]: answer });
  return collect(backend.chat(QUESTION, { fields: {} }, new AbortController().signal));
}

const END = { kind: 'end', finishReason: 'stop', usage: null } as const;

t.test('the first model is asked, with what was set', async (t) => {
  const { backend, server } = await talkTo({ [CHAT]: saying('Hello there.') });
  t.match(backend.describe(), /^small at http:\/\/127/);
  const fields = { temperature: 0, stop: ['x'] };
  const all = await collect(backend.chat(QUESTION, { fields }, new AbortController().signal));
  t.strictSame(all, [
    { kind: 'text', text: 'Hello ' },
    { kind: 'text', text: 'there.' },
    { ...END, usage: { promptTokens: 7, completionTokens: 2, cachedTokens: null } },
  ]);
  t.strictSame(server.received[1]?.body, {
    model: 'small',
    messages: QUESTION,
    ...fields,
    stream: true,
    stream_options: { include_usage: true },
  });
});

t.test('SGLang is asked for its counts too', async (t) => {
  const { backend, server } = await talkTo({
    'GET /v1/models': json({ data: [{ id: 'a', owned_by: 'sglang' }] }),
    'POST /v1/completions': events(
      { choices: [{ text: ' Paris', finish_reason: 'length' }] },
      { choices: [], sglext: { cached_tokens_details: { device: 3, host: 0 } } },
      usage(5, 1),
    ),
  });
  const all = await collect(
    backend.complete('The capital is', { fields: {} }, new AbortController().signal),
  );
  t.strictSame(all, [
    { kind: 'text', text: ' Paris' },
    {
      kind: 'end',
      finishReason: 'length',
      usage: { promptTokens: 5, completionTokens: 1, cachedTokens: 3 },
    },
  ]);
  t.match(server.received[1]?.body, {
    prompt: 'The capital is',
    return_cached_tokens_details: true,
  });
});

t.test('thoughts, by both of their names', async (t) => {
  const all = await answerTo(
    events(
      delta({ reasoning_content: 'Hm', content: null }),
      delta({ reasoning: 'm.', content: '' }),
      delta({ content: 'Yes', reasoning_content: null }),
      delta({}, 'stop'),
    ),
  );
  t.strictSame(all, [
    { kind: 'reasoning', text: 'Hm' },
    { kind: 'reasoning', text: 'm.' },
    { kind: 'text', text: 'Yes' },
    END,
  ]);
});

t.test('a letter that is cut between two chunks comes whole', async (t) => {
  const bytes = Buffer.from(frame(delta({ content: 'Grüße 😀' })) + frame(delta({}, 'stop')));
  for (const cut of [bytes.indexOf('ü') + 1, bytes.indexOf('😀') + 2]) {
    const all = await answerTo((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(bytes.subarray(0, cut));
      setTimeout(() => response.end(bytes.subarray(cut)), 20);
    });
    t.strictSame(all, [{ kind: 'text', text: 'Grüße 😀' }, END]);
  }
});

t.test('a server that does not stream answers with one piece', async (t) => {
  const message = { role: 'assistant', content: 'Whole.' };
  const all = await answerTo(json({ choices: [{ message, finish_reason: 'stop' }] }));
  t.strictSame(all, [{ kind: 'text', text: 'Whole.' }, END]);
});

t.test('an answer that breaks off is an error, behind what came of it', async (t) => {
  const broken: [Answer, RegExp][] = [
    [
      (response) => {
        response.writeHead(200).write(frame(delta({ content: 'Half' })));
        setTimeout(() => response.destroy(), 20);
      },
      /was gone in the middle of the answer/,
    ],
    [events(delta({ content: 'Half' })), /ended the answer in the middle/],
    [events(delta({ content: 'Half' }), { error: { message: 'Out of pages.' } }), /Out of pages\./],
    [(response) => response.end(frame(delta({ content: 'Half' })) + 'data: {oops\n\n'), /no JSON/],
  ];
  for (const [answer, message] of broken) {
    const { backend } = await talkTo({ [CHAT]: answer });
    const seen: ChatDelta[] = [];
    const reading = (async () => {
      const signal = new AbortController().signal;
      for await (const one of backend.chat(QUESTION, { fields: {} }, signal)) seen.push(one);
    })();
    await t.rejects(reading, { name: 'ClientError', message });
    t.strictSame(seen, [{ kind: 'text', text: 'Half' }]);
  }
});

t.test('an answer that is stopped ends the request', async (t) => {
  const stop = new AbortController();
  let hasLeft = false;
  const { backend } = await talkTo({
    [CHAT]: (response) => {
      response.on('close', () => (hasLeft = true));
      response.writeHead(200).write(frame(delta({ content: 'On and on' })));
    },
  });
  const reading = (async () => {
    const answer = backend.chat(QUESTION, { fields: {} }, stop.signal);
    for await (const { kind } of answer) if (kind === 'text') stop.abort();
  })();
  await t.rejects(reading, { name: 'AbortError' });
  while (!hasLeft) await new Promise((resolve) => setTimeout(resolve, 5));
});

t.test('a server that names no model needs one named', async (t) => {
  const answers = { 'GET /v1/models': json({ detail: 'Not Found' }, 404) };
  await t.rejects(talkTo(answers), { message: /names no model: say which one with --model/ });
  const { backend } = await talkTo(answers, 'mine');
  t.match(backend.describe(), /^mine at/);
});
