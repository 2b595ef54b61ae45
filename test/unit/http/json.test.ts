import t from 'tap';

import { parseJsonObject } from '../../../src/http/json.js';

const parse = (text: string): unknown => parseJsonObject(Buffer.from(text));
const MAX_VALUES = 4 * 1024 * 1024;

t.test('a body has so many values, and is nested so deep', (t) => {
  const values = (count: number): string => `{"a":[${'1,'.repeat(count - 1)}1]}`;
  // The object, the list, and the first of each comma's two.
  t.doesNotThrow(() => parse(values(MAX_VALUES - 2)));
  t.throws(() => parse(values(MAX_VALUES - 1)), { message: /more than 4194304 values/ });
  const nested = (depth: number): string =>
    `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
  t.doesNotThrow(() => parse(nested(128)));
  t.throws(() => parse(nested(129)), { message: /nested deeper than 128 levels/ });
  t.end();
});

t.test('brackets, commas and quotes within texts do not count', (t) => {
  const text = '[{,"\\'.repeat(200);
  t.strictSame(parse(JSON.stringify({ a: text, [text]: [1] })), { a: text, [text]: [1] });
  t.throws(() => parse('{"a": "\\'), { code: 'INVALID_JSON' });
  t.throws(() => parse('{"a": "x'), { code: 'INVALID_JSON' });
  t.end();
});
