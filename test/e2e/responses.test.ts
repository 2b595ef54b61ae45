import OpenAI, { BadRequestError, NotFoundError } from 'openai';
import t from 'tap';

import { settledPools } from './client.js';
import { startRadish } from './radish-process.js';

const greedy = { model: 'radish-tiny', temperature: 0 };
const FRANCE = 'What is the capital of France?';
/** Takes as long as the context lets it. */
const LONG = {
  format: {
    type: 'json_schema' as const,
    name: 'many',
    schema: { type: 'array', items: { type: 'integer' }, minItems: 900 },
  },
};
const WEATHER = {
  type: 'function' as const,
  name: 'get_weather',
  strict: true,
  parameters: {
    type: 'object',
    properties: { city: { type: 'string', maxLength: 12 } },
    required: ['city'],
    additionalProperties: false,
  },
};

async function errorOf(request: PromiseLike<unknown>): Promise<unknown> {
  try {
    return await request;
  } catch (error) {
    return error;
  }
}

type Response = OpenAI.Responses.Response;

function callOf({ output }: Response): OpenAI.Responses.ResponseFunctionToolCall {
  const call = output.find((item) => item.type === 'function_call');
  if (call?.type !== 'function_call') throw new Error(`no call: ${JSON.stringify(output)}`);
  return call;
}

t.test('the openai client’s responses on the built-in model', async (t) => {
  const radish = await startRadish(['--page-size', '4']);
  t.teardown(() => radish.stop());
  const client = new OpenAI({ baseURL: `${radish.url}/v1`, apiKey: 'none', maxRetries: 0 });
  const ended = async (id: string): Promise<Response> => {
    for (;;) {
      const response = await client.responses.retrieve(id);
      if (!['queued', 'in_progress'].includes(response.status ?? '')) return response;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };

  t.test('whole, streamed and in the background they say the same', async (t) => {
    const whole = await client.responses.create({ ...greedy, input: FRANCE });
    t.match(whole.output_text, /Paris/);
    t.equal(
      whole.usage?.total_tokens,
      (whole.usage?.input_tokens ?? 0) + (whole.usage?.output_tokens ?? 0),
    );
    let text = '';
    const stream = client.responses.stream({ ...greedy, input: FRANCE });
    stream.on('response.output_text.delta', ({ delta }) => {
      text += delta;
    });
    const streamed = await stream.finalResponse();
    t.equal(streamed.output_text, whole.output_text);
    t.equal(text, whole.output_text);
    const { id } = await client.responses.create({ ...greedy, input: FRANCE, background: true });
    t.equal((await ended(id)).output_text, whole.output_text);
    t.ok((streamed.usage?.input_tokens_details.cached_tokens ?? 0) > 0, 'cached by then');
  });

  t.test('a tool loop by previous_response_id', async (t) => {
    const asked = { ...greedy, tools: [WEATHER] };
    const first = await client.responses.create({
      ...asked,
      input: 'What is the weather in Paris?',
    });
    const call = callOf(first);
    t.strictSame(JSON.parse(call.arguments), { city: 'Paris' });
    const result = { temperature: 21, unit: 'C' };
    const output = { type: 'function_call_output' as const, call_id: call.call_id };
    const last = await client.responses.create({
      ...asked,
      previous_response_id: first.id,
      input: [{ ...output, output: JSON.stringify(result) }],
    });
    t.match(last.output_text, /21/);
  });

  t.test('thoughts are items of their own', async (t) => {
    const asked = { ...greedy, input: FRANCE, reasoning: { effort: 'high' as const } };
    const { output, output_text, usage } = await client.responses.create(asked);
    t.match(output, [
      { type: 'reasoning', summary: [], content: [{ type: 'reasoning_text' }] },
      {},
    ]);
    t.match(output_text, /Paris/);
    t.ok((usage?.output_tokens_details.reasoning_tokens ?? 0) > 0);
  });

  t.test('a conversation', async (t) => {
    const conversation = await client.conversations.create({});
    for (const input of [FRANCE, 'And of Italy?']) {
      await client.responses.create({ ...greedy, input, conversation: conversation.id });
    }
    const { data } = await client.conversations.items.list(conversation.id, { order: 'asc' });
    t.match(data, [
      { role: 'user' },
      { role: 'assistant' },
      { role: 'user' },
      { role: 'assistant' },
    ]);
  });

  t.test('who leaves is aborted, what is cancelled ends, and neither holds a page', async (t) => {
    const left = await client.responses.create({
      ...greedy,
      input: FRANCE,
      text: LONG,
      stream: true,
    });
    for await (const event of left) if (event.type === 'response.output_text.delta') break;
    const { id } = await client.responses.create({
      ...greedy,
      input: FRANCE,
      text: LONG,
      background: true,
    });
    t.equal((await client.responses.cancel(id)).status, 'cancelled');
    t.equal((await ended(id)).status, 'cancelled');
    await settledPools(radish.url);
  });

  t.test('errors are the client’s own', async (t) => {
    const hosted = { ...greedy, input: 'x', tools: [{ type: 'web_search' as const }] };
    t.ok((await errorOf(client.responses.create(hosted))) instanceof BadRequestError);
    t.ok((await errorOf(client.responses.retrieve('resp_none'))) instanceof NotFoundError);
  });
});
