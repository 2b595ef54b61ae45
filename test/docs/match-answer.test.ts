import t from 'tap';

import { mismatch } from './match-answer.js';

const json = (text: string, printed: string) =>
  mismatch({ form: 'json', text, where: 'page.md:1' }, printed);
const text = (text: string, printed: string) =>
  mismatch({ form: 'text', text, where: 'page.md:1' }, printed);

t.test('JSON is compared as values', (t) => {
  t.equal(json('{"a": 1,\n "b": [true, null]}', '{"b":[true,null],"a":1}'), null);
  t.match(json('{"a": {"b": [1, 2]}}', '{"a":{"b":[1,3]}}'), /^a\.b\[1\] is 3, the page shows 2/);
  t.match(json('{"a": 1}', '{"a":1,"b":2}'), /^the answer also has b/);
  t.match(json('{"a": 1, "b": 2}', '{"a":1}'), /^b is on the page, but not in the answer/);
  t.match(json('[1]', '[1,2]'), /^the list has 2 items, the page shows 1/);
  t.match(json('{"a": "1"}', '{"a":1}'), /^a is 1, the page shows "1"/);
  t.match(json('{}', 'Not found'), /^the answer is JSON, but this was printed/);
  t.end();
});

t.test('… is any value, any part of a text, any further member or item', (t) => {
  t.equal(json('{"id": …, "a": 1}', '{"id":{"x":1},"a":1}'), null);
  t.equal(json('{"id": "call_…", …}', '{"id":"call_17","more":1}'), null);
  t.equal(json('[{"a": 1}, …]', '[{"a":1},2,3]'), null);
  t.equal(json('{"list": […]}', '{"list":[]}'), null);
  t.equal(json('{…}', '{"a":1}'), null);
  t.match(json('{"id": "call_…"}', '{"id":"tool_17"}'), /^id is "tool_17"/);
  t.match(json('[…, …, …]', '[1]'), /^the list has 1 items, the page shows 2/);
  t.match(json('{…, "a": 1}', '{"b":1}'), /^a is on the page/);
  t.throws(() => json('{"a": }', '{}'), { message: /^page\.md:1: this is no JSON/ });
  t.end();
});

t.test('text is compared by its lines', (t) => {
  t.equal(text('one  \ntwo', 'one\r\ntwo\n\n'), null);
  t.equal(text('one …\n\n…three', 'one and\n\ntwo\nthree'), null);
  t.match(text('a.c', 'abc'), /^this was printed:\nabc/);
  t.match(text('one', 'one\ntwo'), /this was printed/);
  t.end();
});
