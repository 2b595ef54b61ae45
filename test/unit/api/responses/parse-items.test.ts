import t from 'tap';

import { RESPONSE_FIELDS } from '../../../../src/api/responses/fields.js';
import type { Item } from '../../../../src/api/responses/item.js';
import { parseItems } from '../../../../src/api/responses/parse-items.js';
import { seal } from '../../../../src/api/responses/sealed-text.js';
import { describe } from '../../../../src/http/described.js';
import { fieldOf } from '../../../../src/http/json.js';

const none = (): Item | null => null;
const described = (value: unknown) => fieldOf(describe({ input: value }, RESPONSE_FIELDS), 'input');
const parsed = (value: unknown) => parseItems(described(value), 'input', none);
const input = (text: string) => ({ type: 'input_text', text });

t.test('the forms of a message', (t) => {
  const user = { type: 'message', status: 'completed', role: 'user', content: [input('hi')] };
  t.match(parsed('hi'), [user]);
  t.match(parsed([{ role: 'user', content: 'hi' }]), [user]);
  t.match(parsed([{ type: 'message', role: 'user', content: [input('hi')] }]), [user]);
  t.match(parsed([{ id: 'msg_mine', role: 'user', content: 'hi' }]), [{ id: 'msg_mine' }]);
  const said = { type: 'output_text', text: 'so', annotations: [] };
  t.match(parsed([{ role: 'assistant', content: 'so' }]), [{ content: [said] }]);
  t.match(parsed([{ role: 'assistant', content: [said, { type: 'refusal', refusal: 'no' }] }]), [
    { content: [said, { type: 'refusal', refusal: 'no' }] },
  ]);
  t.end();
});

t.test('calls, their outputs, thoughts and compactions', (t) => {
  const sealed = seal('compaction', 'before');
  const items = [
    { type: 'function_call', call_id: 'c', name: 'f', arguments: '{"a":1}' },
    { type: 'function_call', call_id: 'd', name: 'f', arguments: { a: 1 } },
    { type: 'function_call_output', call_id: 'c', output: '21' },
    { type: 'function_call_output', call_id: 'd', output: [input('22')] },
    { type: 'reasoning', summary: [{ type: 'summary_text', text: 's' }] },
    { type: 'compaction', encrypted_content: sealed },
  ];
  t.match(parsed(items), [
    { type: 'function_call', call_id: 'c', name: 'f', arguments: '{"a":1}' },
    { arguments: '{"a":1}' },
    { type: 'function_call_output', output: '21' },
    { output: [input('22')] },
    { type: 'reasoning', content: [], encrypted_content: null },
    { type: 'compaction', encrypted_content: sealed },
  ]);
  t.end();
});

t.test('references', (t) => {
  const [kept] = parsed('hi');
  const find = (id: string): Item | null => (id === 'msg_1' ? (kept ?? null) : null);
  for (const one of [{ type: 'item_reference', id: 'msg_1' }, { id: 'msg_1' }]) {
    t.strictSame(parseItems(described([one]), 'input', find), [kept]);
  }
  t.throws(() => parseItems([{ id: 'msg_2' }], 'input', find), {
    code: 'NOT_FOUND',
    param: 'input[0]',
  });
  t.end();
});

t.test('what is no item says where it stands', (t) => {
  const image = { type: 'input_image', image_url: 'data:' };
  const bad: [unknown, string, RegExp][] = [
    [5, 'input', /a string or a list of items, got 5/],
    [['hi'], 'input[0]', /must be an object/],
    [[{ role: 'robot', content: 'x' }], 'input[0].role', /must be one of 'user'/],
    [[{ role: 'user' }], 'input[0].content', /must be a list, got null/],
    [[{ role: 'user', content: [image] }], 'input[0].content[0]', /input_image was given/],
    [[{ role: 'user', content: [{ type: 'x' }] }], 'input[0].content[0].type', /type 'x'/],
    [[{ type: 'web_search_call', id: 'x' }], 'input[0].type', /Unsupported .* "web_search_call"/],
    [[{ type: 'function_call', name: 'f', arguments: '{}' }], 'input[0].call_id', /a string/],
    [[{ type: 'function_call_output', call_id: 'c' }], 'input[0].output', /a list/],
    [
      [{ type: 'function_call_output', call_id: 'c', output: [image] }],
      'input[0].output[0]',
      /input_image/,
    ],
    [[{ role: 'user', content: 'x', status: 'odd' }], 'input[0].status', /no status/],
    [[{ type: 'compaction', encrypted_content: 'x' }], 'input[0].encrypted_content', /not made/],
    [[{ type: '__proto__' }], 'input[0].type', /Unsupported/],
  ];
  for (const [value, param, message] of bad) {
    t.throws(() => parsed(value), { param, message }, JSON.stringify(value));
  }
  t.end();
});
