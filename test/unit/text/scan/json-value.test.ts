import t from 'tap';

import { JsonValue, jsonOf } from '../../../../src/text/scan/json-value.js';
import { cuttings } from '../cuttings.js';

/** What models write, and what Python's `json.dumps(json.loads(…), ensure_ascii=False)` prints. */
const VALUES: readonly (readonly [string, string])[] = [
  ['{"a":1,"b":[1,2.50,-0,1e3,1E-7]}', '{"a": 1, "b": [1, 2.5, 0, 1000.0, 1e-07]}'],
  ['[ ]', '[]'],
  ['{ }', '{}'],
  [String.raw`"\u00e9 \u0001 \/ \" \\ \n"`, String.raw`"é \u0001 / \" \\ \n"`],
  [String.raw`"\ud83d\ude00"`, '"😀"'],
  [String.raw`"\ud83dx"`, String.raw`"\ud83dx"`],
  ['"a\nb\tc"', String.raw`"a\nb\tc"`],
  [`{'a': "it's", 'b': '"'}`, String.raw`{"a": "it's", "b": "\""}`],
  ['[True, None, false]', '[true, null, false]'],
  ['12345678901234567890123', '12345678901234567890123'],
  [String.raw`"\d \x41"`, String.raw`"\\d \\x41"`],
  [String.raw`"\u12"`, String.raw`"\\u12"`],
];

t.test('one value, however it is cut', (t) => {
  for (const [written, printed] of VALUES) {
    for (const parts of cuttings(written)) {
      let out = '';
      const value = new JsonValue((text) => {
        out += text;
      });
      for (const part of parts) value.push(part);
      value.end();
      t.equal(out, printed, written);
      t.ok(value.isDone(), written);
    }
  }
  t.end();
});

t.test('it takes what is its own, and no more', (t) => {
  const value = new JsonValue(() => undefined);
  t.equal(value.push('{"a": [1]}, "b"'), 10);
  t.ok(value.isDone());
  for (const text of ['{"a" 1}', '[1 2]', '{a: 1}', 'nul', '01', '{"a": }', ']', '{"a":1', '"a']) {
    t.equal(jsonOf(text), null, text);
  }
  t.equal(jsonOf('[['.repeat(100)), null);
  t.end();
});
