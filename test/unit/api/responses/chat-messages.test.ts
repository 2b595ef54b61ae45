import t from 'tap';

import { chatMessages } from '../../../../src/api/responses/chat-messages.js';
import { parseItems } from '../../../../src/api/responses/parse-items.js';
import { seal } from '../../../../src/api/responses/sealed-text.js';

const messages = (items: unknown, instructions: string | null = null) =>
  chatMessages(
    instructions,
    parseItems(items, 'input', () => null),
  );

t.test('what the system and developers say is one message, the first', (t) => {
  const items = [
    { role: 'user', content: 'hi' },
    { role: 'developer', content: 'short' },
    { role: 'system', content: 'kind' },
    { type: 'compaction', encrypted_content: seal('compaction', 'we met') },
  ];
  const said = [
    'Be good.',
    'Developer instructions:\nshort',
    'kind',
    'Summary of the conversation so far:\nwe met',
  ];
  t.strictSame(messages(items, 'Be good.'), [
    { role: 'system', content: said.join('\n\n') },
    { role: 'user', content: 'hi' },
  ]);
  t.strictSame(messages('hi'), [{ role: 'user', content: 'hi' }]);
  t.end();
});

t.test('a call of a namespace’s function has the name that the model knows', (t) => {
  const called = { type: 'function_call', call_id: 'c', arguments: '{}' };
  const items = ['crm', 'mcp__crm__'].map((namespace) => ({ ...called, name: 'f', namespace }));
  const names = messages([...items, { ...called, name: 'f' }]).flatMap(({ tool_calls = [] }) =>
    tool_calls.map((call) => call.function.name),
  );
  t.strictSame(names, ['crm__f', 'mcp__crm__f', 'f']);
  t.end();
});

t.test('what the assistant thought, said and called in one turn is one message', (t) => {
  const items = [
    { role: 'user', content: 'hi' },
    { type: 'reasoning', summary: [], content: [{ type: 'reasoning_text', text: 'hm' }] },
    { role: 'assistant', content: 'a' },
    { role: 'assistant', content: 'b' },
    { type: 'function_call', call_id: 'c', name: 'f', arguments: '{"a":1}' },
    { type: 'function_call', call_id: 'd', name: 'g', arguments: '{"a":' },
    { type: 'function_call_output', call_id: 'c', output: [{ type: 'input_text', text: '21' }] },
  ];
  const call = (id: string, name: string, text: string) => ({
    id,
    type: 'function',
    function: { name, arguments: text },
  });
  t.strictSame(messages(items).slice(1), [
    {
      role: 'assistant',
      content: 'a\n\nb',
      reasoning_content: 'hm',
      tool_calls: [call('c', 'f', '{"a":1}'), call('d', 'g', '{}')],
    },
    { role: 'tool', tool_call_id: 'c', content: '21' },
  ]);
  t.end();
});

t.test('thoughts: the summary before the content, and before what is sealed', (t) => {
  const thought = (fields: object) => messages([{ type: 'reasoning', ...fields }]);
  const parts = (text: string) => [{ type: 'x', text }];
  const sealed = seal('reasoning', 'sealed');
  const all = { summary: parts('s'), content: parts('c'), encrypted_content: sealed };
  t.match(thought(all), [{ reasoning_content: 's' }]);
  t.match(thought({ ...all, summary: [] }), [{ reasoning_content: 'c' }]);
  t.match(thought({ encrypted_content: sealed }), [{ reasoning_content: 'sealed' }]);
  t.strictSame(thought({ encrypted_content: 'gAAA' }), [], 'what others sealed is not shown');
  t.end();
});

t.test('several parts stay parts', (t) => {
  const part = (text: string) => ({ type: 'input_text', text });
  t.strictSame(messages([{ role: 'user', content: [part('a'), part('b')] }]), [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'a' },
        { type: 'text', text: 'b' },
      ],
    },
  ]);
  t.end();
});
