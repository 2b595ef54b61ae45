import t from 'tap';

import { ChatTemplate } from '../../../src/text/chat-template.js';
import { chooseParsers, type ParserFlags } from '../../../src/text/model-parsers.js';

const AUTO: ParserFlags = { toolCallParser: 'auto', reasoningParser: 'auto' };

function chosen(source: string, tokens: readonly string[] = [], flags = AUTO) {
  return chooseParsers(flags, new ChatTemplate(source, new Map()), (one) => tokens.includes(one));
}

const TOGGLE = '{% if enable_thinking is defined and not enable_thinking %}{% endif %}';

/** `[what a template has, tokens, tool parser, reasoning parser]` */
const CASES: readonly [string, readonly string[], string | null, string | null][] = [
  ['plain', [], null, null],
  ['<tool_call>\n{"name"', [], 'qwen25', null],
  ['<tool_call>{"name"', [], 'hermes', null],
  [`${TOGGLE}<tool_call>\n</think>`, [], 'qwen25', 'qwen3'],
  [`${TOGGLE}<function=f><parameter=a>`, [], 'qwen3_coder', 'qwen3'],
  [`${TOGGLE}truncate_history_thinking`, [], null, 'nemotron_3'],
  [`${TOGGLE}[gMASK]<sop><arg_key><arg_value>`, ['<tool_call>', '<|user|>'], 'glm45', 'glm45'],
  ['[TOOL_CALLS]', [], 'mistral', null],
  ['<|python_tag|>', [], 'llama3', null],
  ['<|python_start|>', [], 'pythonic', null],
  ['<|channel|>analysis', [], 'gpt-oss', 'gpt-oss'],
  ['x', ['<|tool_calls_section_begin|>'], 'kimi_k2', 'kimi_k2'],
  ['◁think▷', [], null, 'kimi'],
  ['<minimax:tool_call>', [], 'minimax-m2', 'minimax'],
  ['<steptml:invoke', [], 'step3', 'step3'],
  ['<｜tool▁calls▁begin｜><｜tool▁sep｜>```json', [], 'deepseekv3', null],
  ['<｜tool▁calls▁begin｜><｜tool▁sep｜>', [], 'deepseekv31', null],
  ["{{ m.split('</think>') }}", [], null, 'qwen3'],
  ['{% if add_generation_prompt %}<think>{% endif %}', [], null, 'deepseek-r1'],
  ['<|tool_call_start|>', [], null, null],
];

t.test('what templates speak for', (t) => {
  for (const [source, tokens, tool, reasoning] of CASES) {
    const { parsers } = chosen(source, tokens);
    t.match(parsers, { tool, reasoning }, source);
  }
  t.end();
});

t.test('the log says what was chosen and why', (t) => {
  t.strictSame(chosen('<tool_call>\n').lines, [
    'tool_call_parser=qwen25: by the chat template, it has <tool_call>\\n.',
    'reasoning_parser=none: the chat template shows no format that is known.',
  ]);
  t.match(
    chosen('<|tool_call_start|>').lines[0],
    'tool_call_parser=none: the chat template is of a format that this server lacks: it has <|tool_call_start|>.',
  );
  const named: ParserFlags = { toolCallParser: 'llama3', reasoningParser: 'none' };
  const { parsers, lines } = chosen(`${TOGGLE}<tool_call>`, [], named);
  t.match(parsers, { tool: 'llama3', reasoning: null });
  t.strictSame(lines, [
    'tool_call_parser=llama3: as its flag says.',
    'reasoning_parser=none: as its flag says.',
  ]);
  t.match(chooseParsers(AUTO, null, () => false).parsers, { tool: null, reasoning: null });
  t.end();
});

t.test('how thoughts are turned on and off', (t) => {
  const on = { kind: 'variable', name: 'enable_thinking', byDefault: true };
  const cases: [string, unknown][] = [
    ['nothing', null],
    [TOGGLE, on],
    ['{% set enable_thinking = enable_thinking | default(true) %}', on],
    ['{% set enable_thinking = enable_thinking | default(true, true) %}', null],
    ['{% set x = enable_thinking | d(false) %}', { ...on, byDefault: false }],
    [
      '{% if not thinking is defined %}{% set thinking = false %}{% endif %}',
      { ...on, name: 'thinking', byDefault: false },
    ],
    ['<|channel|>', { kind: 'always' }],
    ['{{ reasoning_effort }}[THINK]', { kind: 'effort' }],
  ];
  for (const [source, toggle] of cases) t.strictSame(chosen(source).parsers.toggle, toggle, source);
  t.end();
});
