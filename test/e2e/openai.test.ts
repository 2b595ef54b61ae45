import OpenAI, { BadRequestError, NotFoundError } from 'openai';
import t from 'tap';

import { settledPools } from './client.js';
import { startRadish } from './radish-process.js';

const ask = (question: string) => [{ role: 'user' as const, content: question }];
const FRANCE = ask('What is the capital of France?');
const greedy = { model: 'radish-tiny', temperature: 0 };

const WEATHER = {
  type: 'function' as const,
  function: {
    name: 'get_weather',
    strict: true,
    parameters: {
      type: 'object',
      properties: { city: { type: 'string', maxLength: 12 } },
      required: ['city'],
      additionalProperties: false,
    },
  },
};

function toolOf(name: string, argument: string): OpenAI.ChatCompletionTool {
  const parameters = {
    type: 'object',
    properties: { [argument]: { type: 'string' } },
    required: [argument],
  };
  return { type: 'function', function: { name, parameters } };
}

async function errorOf(request: PromiseLike<unknown>): Promise<unknown> {
  try {
    await request;
    return null;
  } catch (error) {
    return error;
  }
}

t.test('the openai client on the built-in model', async (t) => {
  const radish = await startRadish(['--enable-cache-report', '--page-size', '4']);
  t.teardown(() => radish.stop());
  const client = new OpenAI({ baseURL: `${radish.url}/v1`, apiKey: 'none', maxRetries: 0 });

  t.test('chat', async (t) => {
    const answer = await client.chat.completions.create({ ...greedy, messages: FRANCE });
    t.match(answer.choices[0]?.message.content, /Paris/);
    t.equal(answer.choices[0]?.finish_reason, 'stop');
    t.equal(answer.model, 'radish-tiny');
    const { usage } = answer;
    t.equal(usage?.total_tokens, (usage?.prompt_tokens ?? 0) + (usage?.completion_tokens ?? 0));
    const again = await client.chat.completions.create({ ...greedy, messages: FRANCE });
    t.equal(again.choices[0]?.message.content, answer.choices[0]?.message.content);
    t.ok((again.usage?.prompt_tokens_details?.cached_tokens ?? 0) > 0, 'cached by then');
  });

  t.test('a call that must be, whole and streamed', async (t) => {
    const options = {
      ...greedy,
      messages: ask('What is the weather in Paris?'),
      tools: [WEATHER],
      tool_choice: 'required' as const,
      parallel_tool_calls: false,
      max_tokens: 200,
    };
    const whole = await client.chat.completions.create(options);
    const [choice] = whole.choices;
    t.equal(choice?.finish_reason, 'tool_calls');
    const [call] = choice?.message.tool_calls ?? [];
    if (call?.type !== 'function') throw new Error('no call');
    t.equal(call.function.name, 'get_weather');
    t.type((JSON.parse(call.function.arguments) as { city: unknown }).city, 'string');
    const stream = client.chat.completions.stream(options);
    const final = await stream.finalChatCompletion();
    t.match(final.choices[0]?.message.tool_calls, [{ function: call.function }]);
    t.equal(final.choices[0]?.finish_reason, 'tool_calls');
  });

  t.test('thinks when it is asked to, and only then', async (t) => {
    const think = async (kwargs?: Record<string, unknown>) => {
      const more = kwargs && { chat_template_kwargs: kwargs };
      const body = { ...greedy, messages: FRANCE, ...more };
      const answer = await client.chat.completions.create(body);
      return answer.choices[0]?.message;
    };
    t.match(await think({ enable_thinking: true }), { reasoning_content: /\w/, content: /Paris/ });
    t.match(await think({ enable_thinking: false }), { reasoning_content: null });
    t.match(await think(), { reasoning_content: null, content: 'The capital of France is Paris.' });
  });

  t.test(
    'calls a tool of its own accord, uses the result, and calls none that does not fit',
    async (t) => {
      for (const argument of ['city', 'location']) {
        const tools = [toolOf('get_weather', argument), toolOf('calculate', 'expression')];
        const ask = async (messages: OpenAI.ChatCompletionMessageParam[]) => {
          const answer = await client.chat.completions.create({ ...greedy, messages, tools });
          return answer.choices[0]?.message;
        };
        const callOf = async (content: string) => {
          const message = await ask([{ role: 'user', content }]);
          const [call] = message?.tool_calls ?? [];
          return call?.type === 'function'
            ? [call.function.name, call.function.arguments]
            : message?.content;
        };
        const paris = `{"${argument}": "Paris"}`;
        t.same(await callOf('What is the weather in Paris?'), ['get_weather', paris]);
        t.same(await callOf('What is 12 * 7?'), ['calculate', '{"expression": "12 * 7"}']);
        t.equal(await callOf('What is the capital of France?'), 'The capital of France is Paris.');
        const called = await ask([{ role: 'user', content: 'What is 12 * 7?' }]);
        if (called === undefined) throw new Error('there is no answer');
        const [call] = called.tool_calls ?? [];
        const told = await ask([
          { role: 'user', content: 'What is 12 * 7?' },
          called,
          { role: 'tool', tool_call_id: call?.id ?? '', content: '84' },
        ]);
        t.match(told?.content, / 84\b/);
      }
    },
  );

  t.test('a chat prompt is the template’s text, token for token', async (t) => {
    const chat = await client.chat.completions.create({ ...greedy, messages: FRANCE });
    const text = await client.completions.create({
      ...greedy,
      prompt: '<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n',
      max_tokens: 100,
    });
    t.equal(text.usage?.prompt_tokens, chat.usage?.prompt_tokens);
    t.equal(text.choices[0]?.text, chat.choices[0]?.message.content);
  });

  t.test('a stream brings the same answer, with log-probabilities and usage', async (t) => {
    const options = { ...greedy, messages: FRANCE, logprobs: true, top_logprobs: 5 };
    const whole = await client.chat.completions.create(options);
    const stream = await client.chat.completions.create({
      ...options,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    t.equal(chunks[0]?.choices[0]?.delta.role, 'assistant');
    const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');
    t.equal(text, whole.choices[0]?.message.content);
    const tokens = chunks.flatMap((chunk) => chunk.choices[0]?.logprobs?.content ?? []);
    const expected = whole.choices[0]?.logprobs?.content ?? [];
    t.same(
      tokens.map(({ token }) => token),
      expected.map(({ token }) => token),
    );
    t.ok(tokens.every((token) => token.top_logprobs.length === 5));
    t.ok(
      tokens.every((token) => token.top_logprobs[0]?.token === token.token),
      'greedy',
    );
    const ends = chunks.filter((chunk) => chunk.choices[0]?.finish_reason === 'stop');
    t.equal(ends.length, 1);
    t.match(chunks.at(-1)?.usage, { completion_tokens: whole.usage?.completion_tokens });
  });

  t.test('samples differ by seed, not from run to run', async (t) => {
    const sample = async (seed: number): Promise<(string | null | undefined)[]> => {
      // The client's own type marks it as deprecated.
      const seeded: Record<string, number> = { seed };
      const answer = await client.chat.completions.create({
        model: 'radish-tiny',
        messages: ask('Tell me a story.'),
        n: 2,
        temperature: 9,
        max_completion_tokens: 12,
        ...seeded,
      });
      t.same(
        answer.choices.map(({ index }) => index),
        [0, 1],
      );
      return answer.choices.map(({ message }) => message.content);
    };
    const first = await sample(1);
    t.same(await sample(1), first);
    t.notSame(await sample(2), first);
    t.not(first[0], first[1]);
  });

  t.test('stop strings, a continued answer, echo with scores', async (t) => {
    const stopped = await client.chat.completions.create({
      ...greedy,
      messages: FRANCE,
      stop: [' of'],
    });
    t.match(stopped.choices[0], { finish_reason: 'stop', matched_stop: ' of' });
    t.notMatch(stopped.choices[0]?.message.content, / of/);
    // SGLang's fields are none that the client's types know.
    const continuing = { continue_final_message: true };
    const continued = await client.chat.completions.create({
      ...greedy,
      ...continuing,
      messages: [...FRANCE, { role: 'assistant', content: 'The capital of' }],
    });
    t.match(continued.choices[0]?.message.content, /^ France is Paris/);
    const scored = await client.completions.create({
      ...greedy,
      prompt: 'The capital of France',
      echo: true,
      logprobs: 2,
      max_tokens: 1,
    });
    const logprobs = scored.choices[0]?.logprobs;
    t.equal(logprobs?.tokens?.join(''), scored.choices[0]?.text);
    t.equal(logprobs?.token_logprobs?.[0], null);
    t.ok(logprobs?.token_logprobs?.slice(1).every((value) => value < 0));
  });

  t.test('errors are those of the client’s own classes', async (t) => {
    const refused = [
      { messages: [] },
      { messages: FRANCE, n: 1000 },
      { messages: FRANCE, max_tokens: 1_000_000, stream: true },
    ];
    for (const body of refused) {
      const error = await errorOf(client.chat.completions.create({ ...greedy, ...body }));
      t.ok(error instanceof BadRequestError, String(error));
    }
    const unknown = await errorOf(client.models.retrieve('nope'));
    t.ok(unknown instanceof NotFoundError, String(unknown));
    t.match(unknown, { code: 'model_not_found', param: 'model' });
  });

  t.test('a stream that is left gives its pages back', async (t) => {
    const endless = { ignore_eos: true, max_completion_tokens: 1500 };
    const stream = await client.chat.completions.create({
      ...greedy,
      ...endless,
      messages: ask('Count.'),
      stream: true as const,
    });
    for await (const chunk of stream) {
      if ((chunk.choices[0]?.delta.content ?? '') !== '') break;
    }
    const pools = await settledPools(radish.url);
    t.equal(pools[0]?.held_tokens, 0);
  });
});
