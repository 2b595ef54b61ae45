import t from 'tap';

import { ToolReader, type ToolFormat } from '../../../../src/text/tools/format.js';
import { jsonArray } from '../../../../src/text/tools/json-array.js';
import { TOOL_FORMATS } from '../../../../src/text/tools/registry.js';
import { gathered, TOOLS, type Called } from './called.js';
import { CASES } from './cases.js';

interface Example {
  readonly name: string;
  readonly format: ToolFormat;
  readonly text: string;
}

const EXAMPLES: readonly Example[] = [
  ...Object.entries(CASES).flatMap(([parser, cases]) =>
    cases.map(({ name, text }) => ({
      name: `${parser}, ${name}`,
      format: TOOL_FORMATS[parser as 'qwen'],
      text,
    })),
  ),
  {
    name: 'the list of forced calls',
    format: jsonArray,
    text: '[{"name": "add", "parameters": {"a": 1, "b": 2}}, {"name": "now", "parameters": {}}]',
  },
];

function cutOff(format: ToolFormat, parts: readonly string[]): Called {
  const reader = new ToolReader(format, TOOLS);
  const pieces = parts.flatMap((part) => reader.push(part));
  return gathered([...pieces, ...reader.end(true)]);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** What is wrong with what was read of a part, or null. */
function fault({ calls, text }: Called, whole: Called): string | null {
  if (calls.length === 0) return null;
  if (!whole.text.startsWith(text.trimEnd())) return 'content that the whole answer has not';
  for (const [i, [name, json]] of calls.entries()) {
    const [nameOfWhole, jsonOfWhole] = whole.calls[i] ?? ['', ''];
    if (name !== nameOfWhole) return 'another call';
    const value = parsed(json);
    if (value !== undefined && JSON.stringify(value) !== JSON.stringify(parsed(jsonOfWhole))) {
      return 'arguments that look whole and are not';
    }
  }
  return null;
}

t.test(
  'behind the first call nothing of a mark or of a half call is content, wherever it is cut',
  (t) => {
    let numCut = 0;
    for (const { name, format, text } of EXAMPLES) {
      const reader = new ToolReader(format, TOOLS);
      const complete = gathered([...reader.push(text), ...reader.end()]);
      for (let end = 1; end < text.length; end++) {
        const found = cutOff(format, [text.slice(0, end)]);
        if (found.calls.length > 0) numCut++;
        const wrong = fault(found, complete);
        if (wrong !== null) t.fail(`${name}: ${wrong}`, { part: text.slice(0, end), found });
      }
    }
    t.ok(numCut > 1_000, 'calls were cut');
    t.end();
  },
);

t.test('a stream that is cut off reads as the whole does', (t) => {
  for (const { name, format, text } of EXAMPLES) {
    for (let end = 1; end < text.length; end++) {
      const part = text.slice(0, end);
      const whole = JSON.stringify(cutOff(format, [part]));
      for (const parts of [part.split(''), part.split(/(?<=[<>\n])/u)]) {
        const found = JSON.stringify(cutOff(format, parts));
        if (found !== whole) t.fail(name, { parts, found, whole });
      }
    }
  }
  t.end();
});

t.test(
  'a model that leaves out its last marks has made its call; one that is cut off has not',
  (t) => {
    const text = '<tool_call>\n<function=add>\n<parameter=a>\n1\n</parameter>\n</func';
    const ended = new ToolReader(TOOL_FORMATS.qwen3_coder, TOOLS);
    t.strictSame(gathered([...ended.push(text.slice(0, -6)), ...ended.end()]), {
      text: '',
      calls: [['add', '{"a": 1}']],
    });
    t.strictSame(cutOff(TOOL_FORMATS.qwen3_coder, [text]), {
      text: '',
      calls: [['add', '{"a": 1']],
    });
    t.strictSame(cutOff(TOOL_FORMATS.qwen3_coder, [text.slice(0, 26)]), {
      text: '',
      calls: [['add', '']],
    });
    t.end();
  },
);
