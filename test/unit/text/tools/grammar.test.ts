import t from 'tap';
import type { ArgumentTags } from '../../../../src/core/grammar.js';

import { ambiguousDefinition, boundCalls } from '../../../../src/text/tools/grammar.js';
import { ToolReader } from '../../../../src/text/tools/format.js';
import { TOOL_FORMATS } from '../../../../src/text/tools/registry.js';
import { jsonArray } from '../../../../src/text/tools/json-array.js';
import { gathered, TOOLS } from './called.js';
import { cuttings } from '../cuttings.js';

/** The argument `a` of 1. */
function tagged({ open, nameEnd, valueOpen, valueEnd }: ArgumentTags): string {
  return `${open}a${nameEnd}${valueOpen}1${valueEnd}`;
}

const FORCED = { isForced: true, isParallel: true };

t.test('every call in a frame is one that the format reads', (t) => {
  for (const [name, format] of Object.entries(TOOL_FORMATS)) {
    if (format.frame === null) continue;
    const one = format.frame('add');
    const other = format.frame('now');
    t.ok(one.begin.startsWith(one.trigger), name);
    const [first, second] = one.tags === undefined ? ['{"a": 1}', '{}'] : [tagged(one.tags), ''];
    const text = `${one.begin}${first}${one.end}${other.begin}${second}${other.end}`;
    for (const parts of cuttings(text, 2)) {
      const reader = new ToolReader(format, TOOLS);
      const pieces = parts.flatMap((part) => reader.push(part));
      const found = gathered([...pieces, ...reader.end()]);
      const expected = {
        text: '',
        calls: [
          ['add', '{"a": 1}'],
          ['now', '{}'],
        ],
      };
      if (JSON.stringify(found) !== JSON.stringify(expected)) {
        t.fail(`${name}: ${JSON.stringify(parts)} became ${JSON.stringify(found)}`);
      }
    }
  }
  t.end();
});

t.test('a list of calls is read as it comes', (t) => {
  const text = ' [{"name": "add", "parameters": {"a": 1}}, {"name":"now","parameters":{}}] ';
  for (const parts of cuttings(text)) {
    const reader = new ToolReader(jsonArray, TOOLS);
    const pieces = parts.flatMap((part) => reader.push(part));
    const found = gathered([...pieces, ...reader.end()]);
    t.strictSame(found, {
      text: '',
      calls: [
        ['add', '{"a": 1}'],
        ['now', '{}'],
      ],
    });
  }
  const broken = new ToolReader(jsonArray, TOOLS);
  t.strictSame(gathered([...broken.push('Sorry [1]'), ...broken.end()]).text, 'Sorry [1]');
  t.end();
});

t.test('what an answer must match', (t) => {
  const strict = TOOLS.map((tool) => ({ ...tool, strict: tool.name === 'add' }));
  const { qwen25, glm45, pythonic } = TOOL_FORMATS;
  t.equal(boundCalls(qwen25, TOOLS, { isForced: false, isParallel: true })?.spec, null);
  t.match(boundCalls(qwen25, strict, { isForced: false, isParallel: true })?.spec, {
    kind: 'structural',
    atLeastOne: false,
    stopAfterFirst: false,
    triggers: ['<tool_call>'],
    structures: [
      { schema: '{"type":"object"}' },
      {
        begin: '<tool_call>\n{"name":"add", "arguments":',
        schema: JSON.stringify(TOOLS[1]?.parameters),
        end: '}\n</tool_call>',
      },
      { schema: '{"type":"object"}' },
    ],
  });
  t.match(boundCalls(qwen25, TOOLS, { isForced: true, isParallel: false })?.spec, {
    atLeastOne: true,
    stopAfterFirst: true,
    structures: [{}, { schema: JSON.stringify(TOOLS[1]?.parameters), isLenient: true }, {}],
  });
  t.match(boundCalls(glm45, strict, { isForced: false, isParallel: true })?.spec, {
    triggers: ['<tool_call>'],
    structures: [{}, { begin: '<tool_call>add', tags: { open: '<arg_key>' } }, {}],
  });
  t.equal(boundCalls(pythonic, strict, { isForced: false, isParallel: true })?.spec, null);
  for (const format of [pythonic, null]) {
    const bound = boundCalls(format, TOOLS, FORCED);
    t.equal(bound?.format, jsonArray);
    if (bound?.spec?.kind !== 'json') throw new Error('a list is JSON');
    t.match(JSON.parse(bound.spec.schema), {
      type: 'array',
      minItems: 1,
      items: { anyOf: [{ properties: { name: { enum: ['get_weather'] } } }, {}, {}] },
    });
  }
  t.equal(boundCalls(null, TOOLS, { isForced: false, isParallel: true }), null);
  t.end();
});

t.test('definitions of several functions', (t) => {
  const of = (name: string, type: string) => ({
    name,
    parameters: { $defs: { D: { type } } },
    strict: false,
  });
  t.equal(ambiguousDefinition([of('f', 'string'), of('g', 'string')]), null);
  t.equal(ambiguousDefinition([of('f', 'string'), of('g', 'number')]), 'D');
  const bound = boundCalls(null, [of('f', 'string')], FORCED);
  t.match(bound?.spec, { schema: /"\$defs":\{"D":\{"type":"string"\}\}/ });
  t.end();
});
