import { readFileSync } from 'node:fs';

import t from 'tap';

import { REASONING_PARSERS } from '../../../../src/config/parser-names.js';
import { ReasoningReader, type ReasoningOptions } from '../../../../src/text/reasoning/format.js';
import { reasoningFormat } from '../../../../src/text/reasoning/registry.js';
import { cuttings } from '../cuttings.js';

interface Split {
  readonly reasoning: string;
  readonly text: string;
}

const OPTIONS: ReasoningOptions = { isThinking: null, streams: true, prefix: '' };

function split(
  parser: string,
  parts: readonly string[],
  options: Partial<ReasoningOptions> = {},
): Split {
  const format = reasoningFormat(parser);
  if (format === null) throw new Error(`no parser ${parser}`);
  const reader = new ReasoningReader(format, { ...OPTIONS, ...options });
  const pieces = [...parts.flatMap((part) => reader.push(part)), ...reader.end()];
  const of = (kind: string): string =>
    pieces.map((piece) => (piece.kind === kind ? piece.text : '')).join('');
  return { reasoning: of('reasoning'), text: of('text') };
}

/** `[parser, what the model writes, thought, text]` */
type Case = readonly [string, string, string, string];

const TAGGED: readonly Case[] = ['qwen3', 'glm45', 'nemotron_3', 'nano_v3', 'kimi_k2'].flatMap(
  (parser): Case[] => [
    [parser, '<think>\na < b\n</think>\n\nYes.', '\na < b\n', '\n\nYes.'],
    [parser, 'No thought at all.', '', 'No thought at all.'],
    [parser, 'So <think>x</think> y <think>z</think>', 'x', 'So  y <think>z</think>'],
    [parser, '<think><think>twice</think>', 'twice', ''],
    [parser, '<think>cut </thi', 'cut </thi', ''],
    [parser, '<thi', '', '<thi'],
  ],
);

const FORCED: readonly Case[] = [
  'deepseek-r1',
  'qwen3-thinking',
  'minimax',
  'step3',
  'step3p5',
].flatMap((parser): Case[] => [
  [parser, 'Hm.</think>Yes.', 'Hm.', 'Yes.'],
  [parser, '<think>Hm.</think>Yes.</think>', 'Hm.', 'Yes.</think>'],
  [parser, 'Hm. It ends', 'Hm. It ends', ''],
]);

const CASES: readonly Case[] = [
  ...TAGGED,
  ...FORCED,
  ['kimi', '◁think▷Hm◁/think▷ok', 'Hm', 'ok'],
  ['kimi', '<think>Hm</think>ok', '', '<think>Hm</think>ok'],
  ['qwen3', '<think>a<tool_call>\n{}', 'a', '<tool_call>\n{}'],
  [
    'kimi_k2',
    '<think>a<|tool_calls_section_begin|>b</think>',
    'a',
    '<|tool_calls_section_begin|>b</think>',
  ],
  [
    'gpt-oss',
    '<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Yes.<|return|>',
    'Hm.',
    'Yes.',
  ],
  [
    'gpt-oss',
    '<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>commentary<|message|>b<|end|><|start|>assistant<|channel|>commentary to=functions.f <|constrain|>json<|message|>{}<|call|>',
    'a',
    'b<|start|>assistant<|channel|>commentary to=functions.f <|constrain|>json<|message|>{}<|call|>',
  ],
  ['gpt-oss', '<|channel|>analysis<|message|>It ends', 'It ends', ''],
  ['gpt-oss', 'no marks', '', 'no marks'],
];

t.test('what models write', (t) => {
  for (const [parser, written, reasoning, text] of CASES) {
    t.strictSame(split(parser, [written]), { reasoning, text }, `${parser}: ${written}`);
  }
  t.end();
});

t.test('however a text is cut, and whether thoughts stream, it is the same', (t) => {
  for (const [parser, written, reasoning, text] of CASES) {
    for (const parts of cuttings(written)) {
      const expected = JSON.stringify({ reasoning, text });
      for (const streams of [true, false]) {
        const found = JSON.stringify(split(parser, parts, { streams }));
        if (found !== expected) t.fail(`${parser}: ${JSON.stringify(parts)} became ${found}`);
      }
    }
  }
  t.end();
});

t.test('every format has a case', (t) => {
  for (const name of REASONING_PARSERS)
    t.ok(
      CASES.some(([parser]) => parser === name),
      name,
    );
  t.end();
});

t.test('the prompt may have begun the thought, or have ended it', (t) => {
  const within = { reasoning: 'a', text: 'b' };
  t.strictSame(split('qwen3', ['a</think>b'], { isThinking: true }), within);
  t.strictSame(split('qwen3', ['a</think>b'], { prefix: '<think>so ' }), within);
  const behind = { reasoning: '', text: 'a</think>b' };
  t.strictSame(split('deepseek-r1', ['a</think>b'], { isThinking: false }), behind);
  t.strictSame(split('deepseek-r1', ['a</think>b'], { prefix: '<think>so</think>' }), behind);
  t.end();
});

t.test('a thought that does not stream comes when it is whole', (t) => {
  const format = reasoningFormat('qwen3');
  if (format === null) throw new Error('no parser');
  const reader = new ReasoningReader(format, { ...OPTIONS, streams: false });
  t.strictSame(reader.push('<think>a'), []);
  t.strictSame(reader.push('b'), []);
  t.strictSame(reader.push('</think>c'), [
    { kind: 'reasoning', text: 'ab' },
    { kind: 'text', text: 'c' },
  ]);
  t.strictSame(reader.end(), []);
  t.end();
});

interface Golden {
  readonly parser: string;
  readonly text: string;
  readonly reasoning: string;
  readonly normal: string;
}

const GOLDENS = new URL('../../../../../test/fixtures/parsers/goldens.json', import.meta.url);

t.test('whole texts and cut ones are what SGLang makes of whole ones', (t) => {
  const { thoughts } = JSON.parse(readFileSync(GOLDENS, 'utf8')) as { thoughts: Golden[] };
  t.ok(thoughts.length > 30);
  for (const { parser, text: written, reasoning, normal } of thoughts) {
    const expected = { reasoning, text: normal };
    for (const parts of cuttings(written, 4)) {
      const found = split(parser, parts);
      if (JSON.stringify(found) === JSON.stringify(expected)) continue;
      t.strictSame(found, expected, `${parser}: ${JSON.stringify(parts)}`);
      break;
    }
  }
  t.end();
});
