import t from 'tap';

import type { Grammar } from '../../../../src/core/grammar.js';
import type { FinishReason } from '../../../../src/core/finish-reason.js';
import { ChatTemplate } from '../../../../src/text/chat-template.js';
import { openWs } from '../../../doubles/ws-client.js';
import { answering, framesOf, openAiApp, LENGTH } from './openai-app.js';
import { idsOf, tinyTokenizer } from '../tiny-tokenizer.js';

const PATH = '/v1/chat/completions';
const STOP: FinishReason = { type: 'stop', matched: 300 };
const messages = [{ role: 'user', content: 'hi' }];
const weather = {
  type: 'function',
  function: {
    name: 'get_weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } } },
  },
};
const now = { type: 'function', function: { name: 'now' } };
const tools = [weather, now];
const PARSERS = { tool: 'qwen25', reasoning: 'qwen3', toggle: null } as const;
const THOUGHT = '<think>Hm.</think>';
const CALLS =
  'Ok.\n<tool_call>\n{"name": "get_weather", "arguments": {"city": "Rome"}}\n</tool_call>\n<tool_call>\n{"name": "now"}\n</tool_call>';

interface Call {
  readonly id: string | null;
  readonly index: number;
  readonly type: string;
  readonly function: { readonly name: string | null; readonly arguments: string };
}

interface Message {
  readonly content?: string;
  readonly reasoning_content?: string | null;
  readonly tool_calls?: readonly Call[] | null;
}

function appWith(t: Parameters<typeof openAiApp>[0], parsers: object = PARSERS) {
  return openAiApp(t, {}, undefined, { parsers: { ...PARSERS, ...parsers } });
}

t.test('a whole answer: thought, text, calls', async (t) => {
  const app = await appWith(t);
  answering(app, THOUGHT + CALLS, STOP);
  const { json } = await app.post(PATH, { messages, tools });
  const { choices, usage } = json as {
    choices: { message: Message; finish_reason: string; matched_stop: unknown }[];
    usage: Record<string, unknown>;
  };
  const [choice] = choices;
  if (choice === undefined) throw new Error('no choice');
  t.equal(choice.finish_reason, 'tool_calls');
  t.equal(choice.matched_stop, null);
  const { tool_calls: calls, ...message } = choice.message;
  t.strictSame(message, { role: 'assistant', content: 'Ok.', reasoning_content: 'Hm.' });
  t.ok(calls?.every(({ id }) => /^call_[\da-f]{24}$/.test(id ?? '')));
  t.strictSame(
    calls?.map(({ index, type, function: called }) => ({ index, type, function: called })),
    [
      {
        index: 0,
        type: 'function',
        function: { name: 'get_weather', arguments: '{"city": "Rome"}' },
      },
      { index: 1, type: 'function', function: { name: 'now', arguments: '{}' } },
    ],
  );
  t.equal(usage['reasoning_tokens'], THOUGHT.length, 'the tags count, one byte a token here');
});

t.test('a stream adds up to the same', async (t) => {
  const app = await appWith(t);
  answering(app, THOUGHT + CALLS, STOP);
  const { text } = await app.post(PATH, { messages, tools, stream: true });
  const choices = framesOf(text).flatMap((frame) => frame.choices);
  const deltas = choices.map((choice) => choice['delta'] as Message);
  t.strictSame(deltas[0], { reasoning_content: null, role: 'assistant', content: '' });
  t.equal(deltas.map(({ reasoning_content: text }) => text ?? '').join(''), 'Hm.');
  t.equal(deltas.map(({ content }) => content ?? '').join(''), 'Ok.');
  const calls = deltas.flatMap(({ tool_calls: list }) => list ?? []);
  const firsts = calls.filter(({ id }) => id !== null);
  t.strictSame(
    firsts.map(({ index, function: one }) => [index, one]),
    [
      [0, { name: 'get_weather', arguments: '' }],
      [1, { name: 'now', arguments: '' }],
    ],
  );
  const others = calls.filter(({ id }) => id === null);
  t.ok(others.length > 5, 'arguments come as they are made');
  t.ok(others.every(({ function: one }) => one.name === null));
  const argumentsOf = (index: number): string =>
    calls.map((call) => (call.index === index ? call.function.arguments : '')).join('');
  t.equal(argumentsOf(0), '{"city": "Rome"}');
  t.equal(argumentsOf(1), '{}');
  t.strictSame(choices.at(-1), {
    index: 0,
    delta: { reasoning_content: null },
    logprobs: null,
    finish_reason: 'tool_calls',
    matched_stop: null,
  });
});

t.test('special tokens stay where there are tools', async (t) => {
  const app = await appWith(t, { reasoning: null });
  app.scheduler.onAccepted = (req) => {
    app.scheduler.step([[req.num, 302]]);
    app.scheduler.finish(req.num, LENGTH);
  };
  const contentOf = async (body: object): Promise<unknown> => {
    const { json } = await app.post(PATH, { messages, ...body });
    return (json as { choices: { message: Message }[] }).choices[0]?.message.content;
  };
  t.equal(await contentOf({ tools }), '<tool>');
  t.equal(await contentOf({ tools, tool_choice: 'none' }), '');
  t.equal(await contentOf({}), '');
});

t.test(
  'the length ends a call between its tags: half a tag is nobody’s, and the arguments stay open',
  async (t) => {
    const app = await appWith(t, { tool: 'qwen3_coder' });
    const begun = '<tool_call>\n<function=get_weather>\n<parameter=city>\nRome\n</parameter>\n';
    for (const [finish, rest, json] of [
      [LENGTH, '<param', '{"city": "Rome"'],
      [STOP, '', '{"city": "Rome"}'],
    ] as const) {
      answering(app, begun + rest, finish);
      const whole = await app.post(PATH, { messages, tools });
      t.match(whole.json, {
        choices: [{ message: { content: '', tool_calls: [{ function: { arguments: json } }] } }],
      });
      answering(app, begun + rest, finish);
      const { text } = await app.post(PATH, { messages, tools, stream: true });
      const deltas = framesOf(text).flatMap(({ choices }) =>
        choices.map((one) => one['delta'] as Message),
      );
      t.equal(deltas.map(({ content }) => content ?? '').join(''), '');
      const calls = deltas.flatMap(({ tool_calls: list }) => list ?? []);
      t.equal(calls.map((call) => call.function.arguments).join(''), json);
    }
  },
);

t.test('the length ends a call, and it is what it is', async (t) => {
  const app = await appWith(t);
  answering(app, '<tool_call>{"name": "get_weather", "arguments": {"ci', LENGTH);
  const { json } = await app.post(PATH, { messages, tools });
  t.match(json, {
    choices: [
      { finish_reason: 'length', message: { tool_calls: [{ function: { arguments: '{"ci' } }] } },
    ],
  });
});

t.test('without a parser, tools or a wish for it, text is text', async (t) => {
  const none = await appWith(t, { tool: null, reasoning: null });
  answering(none, THOUGHT + CALLS, STOP);
  const plain = { content: THOUGHT + CALLS, reasoning_content: null, tool_calls: null };
  const messageOf = async (app: typeof none, body: object): Promise<unknown> => {
    const { json } = await app.post(PATH, { messages, ...body });
    return (json as { choices: { message: unknown }[] }).choices[0]?.message;
  };
  t.match(await messageOf(none, { tools }), plain);
  const app = await appWith(t);
  answering(app, THOUGHT + CALLS, STOP);
  const unread = { content: CALLS, reasoning_content: 'Hm.', tool_calls: null };
  t.match(await messageOf(app, {}), unread);
  t.match(await messageOf(app, { tools, tool_choice: 'none' }), unread);
  t.match(await messageOf(app, { separate_reasoning: false }), plain);
  t.match(await messageOf(app, { tools, separate_reasoning: false }), {
    content: `${THOUGHT}Ok.`,
    reasoning_content: null,
  });
});

t.test('a thought in one delta', async (t) => {
  const app = await appWith(t);
  answering(app, `${THOUGHT}Yes.`, STOP);
  const { text } = await app.post(PATH, { messages, stream: true, stream_reasoning: false });
  const thoughts = framesOf(text)
    .flatMap((frame) => frame.choices)
    .map((choice) => (choice['delta'] as Message).reasoning_content)
    .filter((thought) => thought !== null);
  t.strictSame(thoughts, ['Hm.']);
});

t.test('ids of Kimi K2 count the calls of the conversation', async (t) => {
  const app = await appWith(t, { tool: 'kimi_k2' });
  answering(
    app,
    '<|tool_calls_section_begin|><|tool_call_begin|>functions.now:0<|tool_call_argument_begin|>{}<|tool_call_end|><|tool_calls_section_end|>',
    STOP,
  );
  const before = {
    role: 'assistant',
    content: null,
    tool_calls: [{ id: 'x', type: 'function', function: { name: 'now', arguments: '{}' } }],
  };
  const history = [...messages, before, { role: 'tool', tool_call_id: 'x', content: '9' }];
  const { json } = await app.post(PATH, { messages: [...history, ...messages], tools });
  t.match(json, { choices: [{ message: { tool_calls: [{ id: 'functions.now:1' }] } }] });
});

t.test('templates see tools, effort and switches', async (t) => {
  const template =
    '{% if tools %}{{ tools | tojson }}{% endif %}|{{ reasoning_effort }}|{{ enable_thinking }}|{{ thinking }}';
  const app = await openAiApp(t, {}, undefined, {
    tokenizer: tinyTokenizer(),
    chatTemplate: new ChatTemplate(template, new Map()),
  });
  const seen = answering(app, 'ok');
  const promptOf = async (body: object): Promise<string> => {
    const { status, text } = await app.post(PATH, { messages, ...body });
    t.equal(status, 200, text);
    return Buffer.from(seen.pop()?.inputIds ?? []).toString();
  };
  t.equal(
    await promptOf({ tools: [{ function: { name: 'now', z: 1, a: 2.0 } }] }),
    '[{"type": "function", "function": {"name": "now", "z": 1, "a": 2}}]|||',
  );
  t.equal(await promptOf({ tools, tool_choice: 'none' }), '|||');
  t.equal(await promptOf({ reasoning_effort: 'none' }), '|none|False|False');
  t.equal(await promptOf({ reasoning_effort: 0.5 }), '|0.5|True|True');
  t.equal(await promptOf({ reasoning: { effort: 'low' } }), '|low|True|True');
  t.equal(await promptOf({ reasoning: { enabled: true } }), '||True|True');
  const own = { enable_thinking: false, reasoning_effort: 'max' };
  t.equal(
    await promptOf({ reasoning_effort: 'low', chat_template_kwargs: own }),
    '|max|False|True',
  );
});

t.test('a template that takes functions alone gets them', async (t) => {
  const template =
    "{% for t in tools %}{% if t.function %}{{ raise_exception('no wrapper') }}{% endif %}{{ t.name }}{% endfor %}";
  const app = await openAiApp(t, {}, undefined, {
    chatTemplate: new ChatTemplate(template, new Map()),
  });
  const seen = answering(app, 'ok');
  await app.post(PATH, { messages, tools });
  t.strictSame([...(seen[0]?.inputIds ?? [])], idsOf('get_weathernow'));
});

t.test('what is refused', async (t) => {
  const app = await appWith(t);
  const cases: [object, string][] = [
    [{ tool_choice: 'required' }, 'Tools cannot be empty if tool choice is set to required.'],
    [
      { tools: [], tool_choice: { type: 'function', function: { name: 'now' } } },
      'Tools cannot be empty if tool choice is set to a specific tool.',
    ],
    [
      { tools, tool_choice: { type: 'function', function: { name: 'fly' } } },
      "Tool 'fly' not found in tools list.",
    ],
    [
      { tools: [now, { function: { name: 'f', parameters: { type: 'objekt' } } }] },
      "Tool 1 function has invalid 'parameters' schema: 'objekt' is not valid under any of the given schemas",
    ],
    [
      { tools: [{ function: { name: 'f', parameters: { required: 'a' } } }] },
      "Tool 0 function has invalid 'parameters' schema: 'a' is not of type 'array'",
    ],
    [{ tools: 3 }, 'tools must be a list, got 3.'],
    [{ tools: [{}] }, 'Each tool must be an object with a function.'],
    [{ tools: [{ function: {} }] }, 'Each function of tools must have a name.'],
    [
      { tools, tool_choice: 'maybe' },
      "tool_choice must be 'none', 'auto', 'required' or a function, got \"maybe\".",
    ],
    [{ reasoning_effort: true }, 'reasoning_effort must not be a boolean'],
  ];
  for (const [body, message] of cases) {
    const { status, json } = await app.post(PATH, { messages, ...body });
    t.equal(status, 400, message);
    t.equal((json as { message: string }).message, message);
  }
  const { status } = await app.post(PATH, { messages, reasoning_effort: 1.5 });
  t.equal(status, 400);
});

t.test('a call that must be is bound by a grammar, after the thought', async (t) => {
  const app = await appWith(t);
  const seen = answering(app, CALLS, STOP);
  const grammarOf = async (body: object): Promise<Grammar | null> => {
    const { status, text } = await app.post(PATH, { messages, tools, ...body });
    t.equal(status, 200, text);
    return seen.pop()?.grammar ?? null;
  };
  t.equal(await grammarOf({}), null);
  const required = await grammarOf({ tool_choice: 'required', parallel_tool_calls: false });
  t.match(required, { after: null, spec: { kind: 'structural', atLeastOne: true } });
  t.match(required?.spec, { stopAfterFirst: true, structures: [{}, {}] });
  const named = { type: 'function', function: { name: 'now' } };
  t.match(await grammarOf({ tool_choice: named }), {
    spec: { structures: [{ begin: '<tool_call>\n{"name":"now", "arguments":' }] },
  });
  const native = await appWith(t, { tool: 'qwen3_coder' });
  const bound = answering(native, CALLS, STOP);
  await native.post(PATH, { messages, tools, tool_choice: named });
  t.match(bound.pop()?.grammar?.spec, { stopAfterFirst: true, structures: [{ tags: {} }] });
  await native.post(PATH, { messages, tools, tool_choice: 'required' });
  t.match(bound.pop()?.grammar?.spec, { stopAfterFirst: false });
  const strict = [{ ...now, function: { ...now.function, strict: true } }];
  t.match(await grammarOf({ tools: strict }), { spec: { atLeastOne: false } });
  t.match(await grammarOf({ tools: strict, response_format: { type: 'json_object' } }), {
    spec: { kind: 'json', schema: '{"type": "object"}' },
  });
  const thinking = {
    toggle: { kind: 'variable', name: 'enable_thinking', byDefault: true },
  } as const;
  const thinker = await appWith(t, thinking);
  const thought = answering(thinker, CALLS, STOP);
  await thinker.post(PATH, { messages, tools, tool_choice: 'required' });
  t.strictSame(thought.pop()?.grammar?.after, idsOf('</think>'));
  const off = { chat_template_kwargs: { enable_thinking: false } };
  await thinker.post(PATH, { messages, tools, tool_choice: 'required', ...off });
  t.equal(thought.pop()?.grammar?.after, null);
});

t.test('a format that cannot be forced is a list of calls instead', async (t) => {
  for (const tool of ['pythonic', null]) {
    const app = await appWith(t, { tool });
    answering(app, '[{"name": "now", "parameters": {"a": 1}}]', STOP);
    const { json } = await app.post(PATH, { messages, tools, tool_choice: 'required' });
    t.match(json, {
      choices: [
        {
          finish_reason: 'tool_calls',
          message: {
            content: '',
            tool_calls: [{ function: { name: 'now', arguments: '{"a": 1}' } }],
          },
        },
      ],
    });
  }
});

t.test('definitions that contradict each other', async (t) => {
  const of = (name: string, type: string) => ({
    function: { name, parameters: { $defs: { D: { type } } } },
  });
  const body = { messages, tools: [of('f', 'string'), of('g', 'number')] };
  for (const tool of [null, 'llama3', 'qwen25', 'glm45', 'qwen3_coder', 'gpt-oss']) {
    const app = await appWith(t, { tool });
    answering(app, 'Ok.', STOP);
    const forced = await app.post(PATH, { ...body, tool_choice: 'required' });
    const isRefused = tool !== 'qwen3_coder' && tool !== 'gpt-oss';
    t.equal(forced.status, isRefused ? 400 : 200, tool ?? 'none');
    const why = "Tool definition 'D' has multiple schemas, which is not supported.";
    if (isRefused) t.match(forced.text, why);
    t.equal((await app.post(PATH, body)).status, 200);
  }
});

t.test('on a WebSocket the same', async (t) => {
  const app = await appWith(t);
  answering(app, THOUGHT + CALLS, STOP);
  const client = await openWs(app.url);
  client.send({ op: 'chat', id: 1, body: { messages, tools, stream: true } });
  const deltas: Message[] = [];
  for (;;) {
    const { event, data } = (await client.next()) as { event: string; data: Streamed };
    deltas.push(...data.choices.map(({ delta }) => delta));
    if (event !== 'done') continue;
    t.match(data.choices, [{ finish_reason: 'tool_calls', matched_stop: null }]);
    break;
  }
  client.close();
  const calls = deltas.flatMap(({ tool_calls: list }) => list ?? []);
  t.strictSame(
    calls.filter(({ id }) => id !== null).map((call) => call.function.name),
    ['get_weather', 'now'],
  );
  t.equal(deltas.map(({ reasoning_content: text }) => text ?? '').join(''), 'Hm.');
});

interface Streamed {
  readonly choices: readonly { readonly delta: Message }[];
}

t.test('what a thought may cost reaches the device', async (t) => {
  const app = await appWith(t);
  const seen = answering(app, `${THOUGHT}Yes.`, STOP);
  const budgetOf = async (path: string, body: object): Promise<unknown> => {
    const { status, text } = await app.post(path, body);
    t.equal(status, 200, text);
    return seen.at(-1)?.sampling.thoughtBudget?.maxTokens;
  };
  t.equal(await budgetOf(PATH, { messages, max_thinking_tokens: 7 }), 7);
  t.equal(await budgetOf(PATH, { messages, custom_params: { thinking_budget: 8 } }), 8);
  t.equal(await budgetOf(PATH, { messages, max_thinking_tokens: -1 }), undefined);
  t.equal(await budgetOf(PATH, { messages, custom_params: { thinking_budget: 'x' } }), undefined);
  t.equal(await budgetOf('/generate', { text: 'a', max_thinking_tokens: 0 }), 0);
  t.strictSame(seen.at(-1)?.sampling.thoughtBudget?.start, [...(await idsOfTag('<think>'))]);
  await budgetOf('/generate', {
    text: 'a',
    require_reasoning: true,
    max_thinking_tokens: 9,
    sampling_params: { regex: 'a', custom_params: { thinking_budget: 2 } },
  });
  t.match(seen.at(-1)?.sampling.thoughtBudget, { start: [], maxTokens: 9 });
  t.strictSame(seen.at(-1)?.grammar?.after, [...(await idsOfTag('</think>'))]);
  await budgetOf('/generate', { text: 'a', sampling_params: { regex: 'a' } });
  t.equal(seen.at(-1)?.grammar?.after, null);
  const countOf = async (body: object): Promise<unknown> => {
    const { json } = await app.post('/generate', { text: 'a', ...body });
    return (json as { meta_info: { reasoning_tokens: number } }).meta_info.reasoning_tokens;
  };
  t.equal(await countOf({}), 0, 'nobody asked for thoughts');
  t.ok(Number(await countOf({ require_reasoning: true })) > 0);

  const plain = await appWith(t, { tool: null, reasoning: null });
  const refused = await plain.post(PATH, { messages, max_thinking_tokens: 7 });
  t.equal(refused.status, 400);
  t.match(refused.text, 'max_thinking_tokens requires a model with thoughts');
});

function idsOfTag(tag: string): Promise<Int32Array> {
  return tinyTokenizer().encode(tag, false);
}
