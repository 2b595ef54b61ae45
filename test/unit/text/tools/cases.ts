/** What models write, by parser, and what that is: text and calls. */
export interface ToolCase {
  readonly name: string;
  readonly text: string;
  readonly says: string;
  readonly calls: readonly (readonly [string, string])[];
}

const PARIS = '{"city": "Paris"}';
const ADD = '{"a": 1, "b": 2}';
const ESCAPED = String.raw`{"city": "a \"}\" \\ b\nc é 😀"}`;

const tagged: readonly ToolCase[] = [
  {
    name: 'one call',
    text: '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>',
    says: '',
    calls: [['get_weather', PARIS]],
  },
  {
    name: 'text before, two calls, text after',
    text: `Let me see.\n<tool_call>\n{"name": "get_weather", "arguments": {"city":"Paris"}}\n</tool_call>\n<tool_call>\n{"name":"add","arguments":{"a":1,"b":2}}\n</tool_call>\nDone.`,
    says: 'Let me see.\nDone.',
    calls: [
      ['get_weather', PARIS],
      ['add', ADD],
    ],
  },
  {
    name: 'arguments before the name, other keys, no arguments',
    text: '<tool_call>{"arguments": {"city": "Paris"}, "id": [1, {}], "name": "get_weather"}</tool_call><tool_call>{"name": "now"}</tool_call>',
    says: '',
    calls: [
      ['get_weather', PARIS],
      ['now', '{}'],
    ],
  },
  {
    name: 'quotes, brackets and tags within strings',
    text: `<tool_call>{"name": "get_weather", "arguments": ${ESCAPED}}</tool_call><tool_call>{"name": "get_weather", "arguments": {"city": "</tool_call>{"}}</tool_call>`,
    says: '',
    calls: [
      ['get_weather', ESCAPED],
      ['get_weather', '{"city": "</tool_call>{"}'],
    ],
  },
  {
    name: 'an unknown function is text',
    text: 'So: <tool_call>\n{"name": "fly", "arguments": {}}\n</tool_call>',
    says: 'So: <tool_call>\n{"name": "fly", "arguments": {}}\n</tool_call>',
    calls: [],
  },
  {
    name: 'no JSON is text',
    text: 'The tag <tool_call> begins a call.',
    says: 'The tag <tool_call> begins a call.',
    calls: [],
  },
  {
    name: 'it ends before the name is known',
    text: 'Hm <tool_call>\n{"name": "get_wea',
    says: 'Hm <tool_call>\n{"name": "get_wea',
    calls: [],
  },
  {
    name: 'it ends within the arguments',
    text: '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Par',
    says: '',
    calls: [['get_weather', '{"city": "Par']],
  },
  {
    name: 'a closing brace and tag are missing',
    text: '<tool_call>\n{"name": "now", "arguments": {}\n<tool_call>\n{"name": "add", "arguments": {"a": 1, "b": 2}}',
    says: '',
    calls: [
      ['now', '{}'],
      ['add', ADD],
    ],
  },
  {
    name: 'arguments that break off keep all that was written',
    text: '<tool_call>{"name": "add", "arguments": {"a": 1, b}}</tool_call> ok',
    says: ' ok',
    calls: [['add', '{"a": 1, b}}']],
  },
  {
    name: 'Python instead of JSON, numbers as Python prints them',
    text: `<tool_call>{'name': 'add', 'arguments': {'a': True, 'b': None, 'c': 1E5, 'd': -0, 'e': "it's"}}</tool_call>`,
    says: '',
    calls: [['add', `{"a": true, "b": null, "c": 100000.0, "d": 0, "e": "it's"}`]],
  },
  {
    name: 'a list, and several in one tag',
    text: '<tool_call>[{"name": "now"}, {"name": "add", "arguments": {"a":1,"b":2}}]</tool_call><tool_call>{"name": "now"}\n{"name": "now"}</tool_call>',
    says: '',
    calls: [
      ['now', '{}'],
      ['add', ADD],
      ['now', '{}'],
      ['now', '{}'],
    ],
  },
  {
    name: 'text alone stays as it is',
    text: '  Hi <b>there</b>. \n',
    says: '  Hi <b>there</b>. \n',
    calls: [],
  },
  { name: 'a tag that is cut off', text: 'a <tool_ca', says: 'a <tool_ca', calls: [] },
];

const llama3: readonly ToolCase[] = [
  {
    name: 'the bare object',
    text: '{"name": "get_weather", "parameters": {"city": "Paris"}}',
    says: '',
    calls: [['get_weather', PARIS]],
  },
  {
    name: 'several, with the tag and text',
    text: 'Sure. <|python_tag|>{"type": "function", "name": "add", "parameters": {"a": 1, "b": 2}}; {"name": "now", "parameters": {}}',
    says: 'Sure.',
    calls: [
      ['add', ADD],
      ['now', '{}'],
    ],
  },
  {
    name: 'an object that is no call',
    text: '{"name": "Bob", "age": 4} is JSON; {"name": "now"} too',
    says: '{"name": "Bob", "age": 4} is JSON; {"name": "now"} too',
    calls: [],
  },
  {
    name: 'text behind',
    text: '{"name": "now", "parameters": {}}; and so on',
    says: '; and so on',
    calls: [['now', '{}']],
  },
  {
    name: 'code behind the tag',
    text: '<|python_tag|>brave_search.call(query="x")',
    says: '<|python_tag|>brave_search.call(query="x")',
    calls: [],
  },
];

const mistral: readonly ToolCase[] = [
  {
    name: 'a list',
    text: 'So [TOOL_CALLS] [{"name": "get_weather", "arguments": {"city": "Paris"}, "id": "abc"}, {"name": "add", "arguments": {"a": 1, "b": 2}}] end',
    says: 'So end',
    calls: [
      ['get_weather', PARIS],
      ['add', ADD],
    ],
  },
  {
    name: 'names before the arguments',
    text: '[TOOL_CALLS]get_weather[ARGS]{"city": "Paris"}[TOOL_CALLS]add[CALL_ID]a1b2c3d4e[ARGS]{"a": 1, "b": 2}[TOOL_CALLS]now{}',
    says: '',
    calls: [
      ['get_weather', PARIS],
      ['add', ADD],
      ['now', '{}'],
    ],
  },
  {
    name: 'an unknown function is text',
    text: '[TOOL_CALLS]fly[ARGS]{"a": [1]}',
    says: '[TOOL_CALLS]fly[ARGS]{"a": [1]}',
    calls: [],
  },
  {
    name: 'a list of what is no call',
    text: '[TOOL_CALLS] [1, 2]',
    says: '[TOOL_CALLS] [1, 2]',
    calls: [],
  },
  {
    name: 'brackets within strings',
    text: '[TOOL_CALLS] [{"name": "get_weather", "arguments": {"city": "[a]}, {"}}]',
    says: '',
    calls: [['get_weather', '{"city": "[a]}, {"}']],
  },
];

const pythonic: readonly ToolCase[] = [
  {
    name: 'a list of calls',
    text: `[get_weather(city='Paris', tags=["a", 'b'], is_metric=True, note=None, where={'x': -1.5}), add(a=1, b=2), now()]`,
    says: '',
    calls: [
      [
        'get_weather',
        '{"city": "Paris", "tags": ["a", "b"], "is_metric": true, "note": null, "where": {"x": -1.5}}',
      ],
      ['add', ADD],
      ['now', '{}'],
    ],
  },
  {
    name: 'marks and text around',
    text: 'Ok <|python_start|>[get_weather(city="a)]")]<|python_end|> then [1] and [x](y).',
    says: 'Ok then [1] and [x](y).',
    calls: [['get_weather', '{"city": "a)]"}']],
  },
  { name: 'an unknown function', text: '[fly(a=1)]', says: '[fly(a=1)]', calls: [] },
  { name: 'what is no literal', text: '[add(a=1, b=a+1)]', says: '[add(a=1, b=a+1)]', calls: [] },
  {
    name: 'it ends within a call',
    text: '[now(), add(a=1,',
    says: ' add(a=1,',
    calls: [['now', '{}']],
  },
];

const deepseekv3: readonly ToolCase[] = [
  {
    name: 'two calls between their marks',
    text: 'Look.<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n{"city": "Paris"}\n```<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>add\n```json\n{"a":1,"b":2}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜> Bye',
    says: 'Look. Bye',
    calls: [
      ['get_weather', PARIS],
      ['add', ADD],
    ],
  },
  {
    name: 'of version 3.1',
    text: '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>add<｜tool▁sep｜>{"a": 1, "b": 2}<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
    says: '',
    calls: [['add', ADD]],
  },
  {
    name: 'an unknown function',
    text: '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>fly<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
    says: '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>fly<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
    calls: [],
  },
  {
    name: 'marks that are cut off',
    text: 'a<｜tool▁calls▁begin｜><｜tool▁call▁be',
    says: 'a<｜tool▁calls▁begin｜><｜tool▁call▁be',
    calls: [],
  },
];

const gptOss: readonly ToolCase[] = [
  {
    name: 'a call among messages',
    text: '<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>{"city":"Paris"}<|call|>',
    says: 'Hm.',
    calls: [['get_weather', PARIS]],
  },
  {
    name: 'the recipient may stand with the role, and the last mark is the end of the answer',
    text: '<|start|>assistant to=functions.add<|channel|>commentary json<|message|>{"a": 1, "b": 2}',
    says: '',
    calls: [['add', ADD]],
  },
  {
    name: 'an answer',
    text: '<|channel|>final<|message|>All <|x|> well.<|return|>',
    says: 'All <|x|> well.',
    calls: [],
  },
  {
    name: 'an unknown function',
    text: '<|channel|>commentary to=functions.fly <|constrain|>json<|message|>{}<|call|>',
    says: '<|channel|>commentary to=functions.fly <|constrain|>json<|message|>{}<|call|>',
    calls: [],
  },
];

const kimi: readonly ToolCase[] = [
  {
    name: 'two calls, arguments as they are',
    text: 'Ok<|tool_calls_section_begin|><|tool_call_begin|>functions.get_weather:0<|tool_call_argument_begin|>{"city":"Paris"}<|tool_call_end|><|tool_call_begin|>functions.add:1<|tool_call_argument_begin|>{"a":1, "b" : 2}<|tool_call_end|><|tool_calls_section_end|>',
    says: 'Ok',
    calls: [
      ['get_weather', '{"city":"Paris"}'],
      ['add', '{"a":1, "b" : 2}'],
    ],
  },
  {
    name: 'a count instead of a name',
    text: '<|tool_calls_section_begin|><|tool_call_begin|>3<|tool_call_argument_begin|>{"a": 1, "b": 2}<|tool_call_end|><|tool_calls_section_end|>',
    says: '',
    calls: [['add', ADD]],
  },
  {
    name: 'an unknown function',
    text: '<|tool_calls_section_begin|><|tool_call_begin|>functions.fly:0<|tool_call_argument_begin|>{}<|tool_call_end|><|tool_calls_section_end|>',
    says: '<|tool_calls_section_begin|><|tool_call_begin|>functions.fly:0<|tool_call_argument_begin|>{}<|tool_call_end|><|tool_calls_section_end|>',
    calls: [],
  },
];

const glm: readonly ToolCase[] = [
  {
    name: 'values of every type',
    text: 'Ok\n<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>New\n"York" 😀</arg_value>\n<arg_key>days</arg_key>\n<arg_value>3</arg_value>\n<arg_key>ratio</arg_key><arg_value>2.50</arg_value>\n<arg_key>is_metric</arg_key><arg_value>true</arg_value><arg_key>tags</arg_key><arg_value>["a"]</arg_value><arg_key>other</arg_key><arg_value>{"x":1}</arg_value>\n</tool_call>',
    says: 'Ok',
    calls: [
      [
        'get_weather',
        String.raw`{"city": "New\n\"York\" 😀", "days": 3, "ratio": 2.5, "is_metric": true, "tags": ["a"], "other": {"x": 1}}`,
      ],
    ],
  },
  {
    name: 'no line breaks, no arguments',
    text: '<tool_call>add<arg_key>a</arg_key><arg_value>1</arg_value><arg_key>b</arg_key><arg_value>2</arg_value></tool_call><tool_call>now\n</tool_call><tool_call>now</tool_call>',
    says: '',
    calls: [
      ['add', ADD],
      ['now', '{}'],
      ['now', '{}'],
    ],
  },
  {
    name: 'line breaks as two characters',
    text: String.raw`<tool_call>add\n<arg_key>a</arg_key>\n<arg_value>1</arg_value>\n<arg_key>b</arg_key>\n<arg_value>2</arg_value>\n</tool_call>`,
    says: String.raw`\n\n\n`,
    calls: [['add', ADD]],
  },
  {
    name: 'an unknown function',
    text: '<tool_call>fly\n</tool_call>',
    says: '<tool_call>fly\n</tool_call>',
    calls: [],
  },
  {
    name: 'it ends within a value',
    text: '<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Par',
    says: '',
    calls: [['get_weather', '{"city": "Par']],
  },
];

const qwen3Coder: readonly ToolCase[] = [
  {
    name: 'values of every type',
    text: 'Hm.\n<tool_call>\n<function=get_weather>\n<parameter=city>\nline 1\n\nline 2\n</parameter>\n<parameter=days>\n3\n</parameter>\n<parameter=ratio>\n1.5\n</parameter>\n<parameter=is_metric>\nTrue\n</parameter>\n<parameter=where>\n{"a": [1]}\n</parameter>\n<parameter=note>\nnull\n</parameter>\n<parameter=other>\n12\n</parameter>\n</function>\n</tool_call>',
    says: 'Hm.',
    calls: [
      [
        'get_weather',
        String.raw`{"city": "line 1\n\nline 2", "days": 3, "ratio": 1.5, "is_metric": true, "where": {"a": [1]}, "note": null, "other": "12"}`,
      ],
    ],
  },
  {
    name: 'tags that are missing',
    text: '<function=add>\n<parameter=a>\n1\n<parameter=b>2</function>\n<tool_call><function=now>\n</function></tool_call>',
    says: '',
    calls: [
      ['add', ADD],
      ['now', '{}'],
    ],
  },
  {
    name: 'null is no text',
    text: '<tool_call><function=get_weather><parameter=city>null</parameter><parameter=note>nullify\n</parameter></function></tool_call>',
    says: '',
    calls: [['get_weather', '{"city": null, "note": "nullify"}']],
  },
  {
    name: 'a value that does not fit its type is text',
    text: '<tool_call><function=add><parameter=a>one</parameter></function></tool_call>',
    says: '',
    calls: [['add', '{"a": "one"}']],
  },
  {
    name: 'an unknown function',
    text: '<tool_call>\n<function=fly>\n</function>',
    says: '<tool_call>\n<function=fly>\n</function>',
    calls: [],
  },
];

const minimax: readonly ToolCase[] = [
  {
    name: 'two calls in one section',
    text: 'Ok\n<minimax:tool_call>\n<invoke name="get_weather">\n<parameter name="city">Paris</parameter>\n<parameter name="days">3</parameter>\n</invoke>\n<invoke name="add">\n<parameter name="a">1</parameter><parameter name="b">2</parameter>\n</invoke>\n</minimax:tool_call>\n',
    says: 'Ok',
    calls: [
      ['get_weather', '{"city": "Paris", "days": 3}'],
      ['add', ADD],
    ],
  },
  {
    name: 'an unknown function',
    text: '<minimax:tool_call>\n<invoke name="fly">\n</invoke>\n</minimax:tool_call>',
    says: '<minimax:tool_call>\n<invoke name="fly">\n</invoke>\n</minimax:tool_call>',
    calls: [],
  },
];

const step3: readonly ToolCase[] = [
  {
    name: 'two calls',
    text: 'Ok<｜tool_calls_begin｜>\n<｜tool_call_begin｜>function<｜tool_sep｜><steptml:invoke name="get_weather">\n<steptml:parameter name="city"> Paris </steptml:parameter>\n<steptml:parameter name="tags">["a"]</steptml:parameter>\n</steptml:invoke><｜tool_call_end｜>\n<｜tool_call_begin｜>function<｜tool_sep｜><steptml:invoke name="now"></steptml:invoke><｜tool_call_end｜>\n<｜tool_calls_end｜>!',
    says: 'Ok!',
    calls: [
      ['get_weather', '{"city": "Paris", "tags": ["a"]}'],
      ['now', '{}'],
    ],
  },
  {
    name: 'an unknown function',
    text: '<｜tool_calls_begin｜>\n<｜tool_call_begin｜>function<｜tool_sep｜><steptml:invoke name="fly"></steptml:invoke><｜tool_call_end｜>',
    says: '<｜tool_calls_begin｜>\n<｜tool_call_begin｜>function<｜tool_sep｜><steptml:invoke name="fly"></steptml:invoke><｜tool_call_end｜>',
    calls: [],
  },
];

export const CASES: Readonly<Record<string, readonly ToolCase[]>> = {
  qwen25: tagged,
  hermes: tagged,
  llama3,
  mistral,
  pythonic,
  deepseekv3,
  deepseekv31: deepseekv3,
  'gpt-oss': gptOss,
  kimi_k2: kimi,
  glm45: glm,
  qwen3_coder: qwen3Coder,
  'minimax-m2': minimax,
  step3,
};
