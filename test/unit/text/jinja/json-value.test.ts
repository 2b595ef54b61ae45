import t from 'tap';

import { TemplateError } from '../../../../src/text/jinja/errors.js';
import { JsonTextError, parseJsonValue } from '../../../../src/text/jinja/json-value.js';
import { DEFAULT_LIMITS, Meter } from '../../../../src/text/jinja/meter.js';
import { repr } from '../../../../src/text/jinja/show.js';

const shown = (text: string): string => repr(parseJsonValue(text), new Meter(DEFAULT_LIMITS));

t.test('JSON is read as Python reads it', (t) => {
  for (const [text, expected] of [
    ['{"10": 1, "2": 2, "__proto__": 3}', "{'10': 1, '2': 2, '__proto__': 3}"],
    ['1234567890123456789', '1234567890123456789'],
    ['-9007199254740993', '-9007199254740993'],
    [
      '[1.0, 1.10, 1e-7, 1e21, -0.0, -0, 1E2, 1e400]',
      '[1.0, 1.1, 1e-07, 1e+21, -0.0, 0, 100.0, inf]',
    ],
    ['{"a": 1, "b": 2, "a": 3}', "{'a': 3, 'b': 2}"],
    [' [ true , false , null , "\\u00e9\\"\\\\" ] ', "[True, False, None, 'é\"\\\\']"],
    ['[]', '[]'],
    ['{}', '{}'],
  ] as const) {
    t.equal(shown(text), expected, text);
  }
  t.end();
});

t.test('what is no JSON is refused', (t) => {
  const bad = [
    '',
    '{',
    '[1,]',
    '{"a"}',
    '{"a":1,}',
    '01',
    '1.',
    'NaN',
    '"\n"',
    '"',
    'nul',
    '1 2',
    '{1:2}',
  ];
  for (const text of bad) t.throws(() => parseJsonValue(text), JsonTextError, text);
  t.throws(() => parseJsonValue('['.repeat(500)), JsonTextError);
  t.throws(() => parseJsonValue(`[${'1,'.repeat(1_000_001)}1]`), /More than 1000000 values/);
  t.throws(() => parseJsonValue('9'.repeat(5000)), TemplateError);
  t.end();
});
