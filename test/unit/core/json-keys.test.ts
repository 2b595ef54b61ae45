import t from 'tap';
import { KEY_MARK, markKeys, unmarkKeys } from '../../../src/core/json-keys.js';

t.test('keys are marked, and nothing else', (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ['{"a":1}', '{"$a":1}'],
    ['{"1" :{"":[]}}', '{"$1" :{"$":[]}}'],
    [String.raw`{"\"":":","\\":"\\"}`, String.raw`{"$\"":":","$\\":"\\"}`],
    [String.raw`["a",{"b\\\"":"c"}]`, String.raw`["a",{"$b\\\"":"c"}]`],
    ['"a"', '"a"'],
    ['7', '7'],
  ];
  for (const [json, marked] of cases) {
    t.equal(markKeys(json), marked);
    t.equal(unmarkKeys(marked), json);
  }
  t.end();
});

t.test('keys that look like numbers keep their places', (t) => {
  const value: unknown = JSON.parse(markKeys('{"b":1,"2":2,"1":3}'));
  t.same(
    Object.keys(value as object),
    ['b', '2', '1'].map((key) => KEY_MARK + key),
  );
  t.end();
});

t.test('a string may be as long as a body', (t) => {
  for (const part of ['a', String.raw`\n`]) {
    const json = `{"1":"${part.repeat(30_000_000)}"}`;
    t.equal(markKeys(json).length, json.length + KEY_MARK.length);
  }
  t.end();
});
