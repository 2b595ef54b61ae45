import t from 'tap';

import { answering } from '../openai/openai-app.js';
import { BOS, idsOf } from '../tiny-tokenizer.js';
import { create, eventsOf, PATH, responsesApp, type ErrorBody } from './responses-app.js';

const promptOf = (text: string): number[] => [BOS, ...idsOf(text)];
const STOP = { type: 'stop', matched: 'd' } as const;

t.test('a whole response has exactly these keys', async (t) => {
  const app = await responsesApp(t);
  const seen = answering(app, 'abc', STOP);
  const { id, created_at, completed_at, output, ...rest } = await create(app, {
    input: 'hi',
    instructions: 'short',
    max_output_tokens: 16,
    metadata: { a: 'b' },
    user: 'me',
  });
  t.match(id, /^resp_[0-9a-f]{32}$/);
  t.ok(Number.isInteger(created_at) && Number.isInteger(completed_at));
  const { id: messageId, ...message } = output[0] ?? {};
  t.match(messageId, /^msg_/);
  t.strictSame(message, {
    type: 'message',
    status: 'completed',
    role: 'assistant',
    content: [{ type: 'output_text', text: 'abc', annotations: [], logprobs: [] }],
  });
  t.strictSame(rest, {
    object: 'response',
    status: 'completed',
    error: null,
    incomplete_details: null,
    instructions: 'short',
    max_output_tokens: 16,
    max_tool_calls: null,
    model: 'org/tiny',
    parallel_tool_calls: true,
    previous_response_id: null,
    prompt_cache_key: null,
    prompt_cache_retention: null,
    reasoning: { effort: null, summary: null },
    safety_identifier: null,
    store: true,
    background: false,
    temperature: 0.7,
    top_p: 1,
    presence_penalty: 0,
    frequency_penalty: 0,
    text: { format: { type: 'text' }, verbosity: 'medium' },
    tool_choice: 'auto',
    tools: [],
    top_logprobs: 0,
    truncation: 'disabled',
    user: 'me',
    metadata: { a: 'b' },
    conversation: null,
    service_tier: 'default',
    usage: {
      input_tokens: promptOf('[system:short][user:hi]>').length,
      input_tokens_details: { cached_tokens: 2, cache_write_tokens: 0 },
      output_tokens: 3,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: promptOf('[system:short][user:hi]>').length + 3,
    },
  });
  t.strictSame([...(seen[0]?.inputIds ?? [])], promptOf('[system:short][user:hi]>'));
  t.match(seen[0]?.sampling, { maxNewTokens: 16, temperature: 0.7 });
  t.equal(seen[0]?.rid, id, 'so that /abort_request finds it');
});

t.test('a stream', async (t) => {
  const app = await responsesApp(t);
  answering(app, 'ab', { type: 'length', length: 2 });
  const { text, headers } = await app.post(PATH, { input: 'hi', stream: true });
  t.match(headers.get('content-type'), /^text\/event-stream/);
  const events = eventsOf(text);
  t.strictSame(
    events.map(({ sequence_number }) => sequence_number),
    events.map((_, index) => index),
  );
  t.strictSame(
    events.map(({ type }) => type.replace('response.', '')),
    [
      'created',
      'in_progress',
      'output_item.added',
      'content_part.added',
      'output_text.delta',
      'output_text.delta',
      'output_text.done',
      'content_part.done',
      'output_item.done',
      'incomplete',
    ],
  );
  const last = events.at(-1)?.response;
  t.match(last, {
    status: 'incomplete',
    incomplete_details: { reason: 'max_output_tokens' },
    completed_at: null,
    output: [{ status: 'incomplete', content: [{ text: 'ab' }] }],
    usage: { output_tokens: 2 },
  });
  t.match(events[0]?.response, { status: 'in_progress', output: [], usage: null, id: last?.id });
});

t.test('how each ending reads', async (t) => {
  const app = await responsesApp(t);
  const abort = { type: 'abort', message: 'Enough.' } as const;
  answering(app, 'ab', { ...abort, code: null });
  t.match(await create(app, { input: 'hi' }), {
    status: 'failed',
    error: { code: 'server_error', message: 'Enough.' },
    output: [{ status: 'incomplete' }],
  });
  answering(app, 'ab', { ...abort, code: 'DEVICE_FAILED' });
  const failed = await app.post(PATH, { input: 'hi' });
  t.equal(failed.status, 500);
  t.match(failed.json, { error: { message: 'Enough.', type: 'server_error', code: 500 } });
  const events = eventsOf((await app.post(PATH, { input: 'hi', stream: true })).text);
  t.match(events.at(-1), {
    type: 'response.failed',
    response: { status: 'failed', error: { message: 'Enough.' }, output: [{}] },
  });
  answering(app, '', { ...abort, code: 'QUEUE_FULL' });
  const full = await app.post(PATH, { input: 'hi', stream: true });
  t.equal(full.status, 503, 'with nothing of it out it has a status');
  t.equal(full.headers.get('retry-after'), '1');
  t.match(full.json, { error: { type: 'Service Unavailable', param: null, code: 503 } });
});

t.test('logprobs, whole and streamed', async (t) => {
  const app = await responsesApp(t);
  answering(app, 'abc', STOP);
  const body = { input: 'hi', include: ['message.output_text.logprobs'], top_logprobs: 2 };
  const { output } = await create(app, body);
  const [part] = (output[0] as { content: { logprobs: unknown[] }[] }).content;
  t.match(part?.logprobs, [
    { token: 'a', bytes: [97], logprob: -0.5, top_logprobs: [{ token: 'a' }, { token: 'x' }] },
    { token: 'b' },
    { token: 'c' },
  ]);
  const events = eventsOf((await app.post(PATH, { ...body, stream: true })).text);
  const deltas = events.filter(({ type }) => type === 'response.output_text.delta');
  t.match(
    deltas.map(({ logprobs }) => logprobs),
    [[{ token: 'a' }], [{ token: 'b' }], [{ token: 'c' }]],
  );
  const done = events.find(({ type }) => type === 'response.output_text.done');
  t.strictSame(done?.['logprobs'], part?.logprobs);
});

t.test('what is refused, and by which name', async (t) => {
  const app = await responsesApp(t);
  const tool = { type: 'function', name: 'f', parameters: { type: 'object' } };
  const schema = { type: 'json_schema', name: 'x', schema: { type: 'object' } };
  const noPrevious = { input: 'x', previous_response_id: 'resp_x' };
  const tooLong = { input: 'x'.repeat(300) };
  const words = new Map<object, string>([
    [noPrevious, 'previous_response_not_found'],
    [tooLong, 'context_length_exceeded'],
  ]);
  const bad: [object, number, string | null, RegExp][] = [
    [tooLong, 400, null, /longer than .* \(context_length_exceeded\)$/],
    [{}, 400, 'input', /input is required/],
    [{ input: [] }, 400, null, /empty/],
    [{ input: 'x', tools: [{ type: 'mcp' }] }, 400, 'tools[0].type', /'mcp' are not supported/],
    [{ input: 'x', tools: [{ type: 'custom' }] }, 400, 'tools[0].type', /'custom'/],
    [{ input: 'x', tools: [{ type: 'function' }] }, 400, 'tools[0].name', /include a name/],
    [{ input: 'x', tools: 5 }, 400, 'tools', /must be a list/],
    [{ input: 'x', tool_choice: 'required' }, 400, 'tool_choice', /at least one tool/],
    [{ input: 'x', tool_choice: 'maybe' }, 400, 'tool_choice', /must be 'none'/],
    [{ input: 'x', tool_choice: { type: 'web_search' } }, 400, 'tool_choice', /'web_search'/],
    [
      { input: 'x', tools: [tool], tool_choice: { type: 'function', name: 'g' } },
      400,
      'tool_choice',
      /Tool 'g' is not declared in tools/,
    ],
    [
      { input: 'x', tools: [tool], tool_choice: { type: 'allowed_tools', tools: [] } },
      400,
      'tool_choice.tools',
      /at least one/,
    ],
    [
      { input: 'x', tools: [tool], tool_choice: 'required', text: { format: schema } },
      400,
      'text',
      /Cannot combine/,
    ],
    [{ input: 'x', text: { format: { type: 'xml' } } }, 400, 'text.format.type', /"xml"/],
    [{ input: 'x', text: { verbosity: 'loud' } }, 400, 'text.verbosity', /"loud"/],
    [
      { input: 'x', text: { format: { type: 'json_schema', name: 'x' } } },
      400,
      'text.format.schema',
      /JSON schema/,
    ],
    [{ input: 'x', prompt: { id: 'p' } }, 400, 'prompt', /not supported/],
    [{ input: 'x', context_management: [{}] }, 400, 'context_management', /not supported/],
    [{ input: 'x', include: ['everything'] }, 400, 'include', /knows no "everything"/],
    [{ input: 'x', max_output_tokens: 0 }, 400, 'max_output_tokens', /at least 1/],
    [{ input: 'x', max_output_tokens: 'many' }, 400, null, /an integer/],
    [{ input: 'x', top_logprobs: 21 }, 400, 'top_logprobs', /\[0, 20\]/],
    [{ input: 'x', truncation: 'some' }, 400, 'truncation', /auto, disabled/],
    [{ input: 'x', reasoning: 'high' }, 400, 'reasoning', /an object/],
    [{ input: 'x', reasoning: { effort: 'huge' } }, 400, null, /reasoning_effort/],
    [{ input: 'x', reasoning: { summary: 'x' } }, 400, 'reasoning.summary', /concise/],
    [{ input: 'x', background: true, store: false }, 400, 'store', /requires store=true/],
    [{ input: 'x', metadata: { a: 1 } }, 400, 'metadata', /strings as values/],
    [{ input: 'x', request_id: '' }, 400, 'request_id', /1 to 128/],
    [{ input: 'x', temperature: -1 }, 400, null, /temperature/],
    [{ input: 'x', previous_response_id: 'x' }, 400, 'previous_response_id', /begins with 'resp'/],
    [noPrevious, 404, 'previous_response_id', /not found/],
    [{ input: 'x', conversation: 'conv_x' }, 404, 'conversation', /not found/],
    [
      { input: 'x', conversation: 'conv_x', previous_response_id: 'resp_x' },
      400,
      'previous_response_id',
      /together/,
    ],
  ];
  for (const [body, status, param, message] of bad) {
    const answer = await app.post(PATH, body);
    t.equal(answer.status, status, JSON.stringify(body));
    t.match((answer.json as ErrorBody).error, { message, param, code: words.get(body) ?? status });
  }
});

t.test('what never reaches the handler is spelled the same', async (t) => {
  const app = await responsesApp(t, { apiKey: 'secret' });
  const unknown = await app.post(PATH, { input: 'x' });
  t.equal(unknown.status, 401);
  t.match(unknown.json, { error: { message: 'Unauthorized', code: 401 } });
  const headers = { authorization: 'Bearer secret' };
  const bad = await fetch(app.url + PATH, { method: 'POST', body: '{', headers });
  t.match(await bad.json(), { error: { message: /Only 'application\/json'/, code: 400 } });
  const put = await fetch(app.url + PATH, { method: 'PUT', body: '{', headers });
  t.equal(put.status, 405);
  t.match(await put.json(), { error: { code: 405 } });
});

t.test('any model name is taken and sent back; an adapter is not there', async (t) => {
  const app = await responsesApp(t);
  answering(app, 'abc', STOP);
  for (const model of ['gpt-4o', 'ft:gpt-4o:me', 'org/tiny']) {
    t.match(await create(app, { input: 'hi', model }), { model, status: 'completed' });
  }
  const { status, json } = await app.post(PATH, { input: 'hi', model: 'org/tiny:adapter' });
  t.equal(status, 400);
  t.match((json as ErrorBody).error.message, /^LoRA adapter 'adapter' was requested/);
});
