import t from 'tap';

import { conversationOf } from '../../../../src/api/anthropic/messages.js';
import { partOf, plain, refusal } from './parts.js';

const text = (words: string) => ({ type: 'text', text: words });
const user = (content: unknown) => ({ role: 'user', content });
const assistant = (content: unknown) => ({ role: 'assistant', content });
const call = { type: 'tool_use', id: 'toolu_1', name: 'f', input: { n: 1 } };
const called = {
  role: 'assistant',
  tool_calls: [{ id: 'toolu_1', type: 'function', function: { name: 'f', arguments: { n: 1 } } }],
};

function messagesOf(body: object): unknown {
  return plain(conversationOf(partOf(body)).messages);
}

t.test('what the system says comes first, in one message', (t) => {
  const messages = [user('hi')];
  const rows: [string, unknown, string | null][] = [
    ['text', 'Be kind.', 'Be kind.'],
    ['blocks', [{ ...text('a'), cache_control: { type: 'ephemeral' } }, text('b')], 'a\nb'],
    ['blank', ' \n', null],
    ['no blocks', [], null],
    ['blank blocks', [text(' '), text('b')], 'b'],
    ['a line for accounts', [text('x-anthropic-billing-header: cch=1;'), text('b')], 'b'],
  ];
  for (const [name, system, content] of rows) {
    const first = content === null ? [] : [{ role: 'system', content }];
    t.strictSame(messagesOf({ system, messages }), [...first, ...messages], name);
  }
  const inline = [
    user('hi'),
    { role: 'system', content: [text('later')] },
    assistant('yes'),
    user('b'),
  ];
  t.strictSame(messagesOf({ system: 'first', messages: inline }), [
    { role: 'system', content: 'first\nlater' },
    user('hi'),
    assistant('yes'),
    user('b'),
  ]);
  t.end();
});

t.test('a user’s blocks keep their order', (t) => {
  const result = (content?: unknown, more = {}) => ({
    type: 'tool_result',
    tool_use_id: 'toolu_1',
    ...(content === undefined ? {} : { content }),
    ...more,
  });
  const tool = (content: unknown) => ({ role: 'tool', tool_call_id: 'toolu_1', content });
  const search = {
    type: 'search_result',
    title: 'T',
    source: 'http://x',
    content: [text('a'), text('b')],
  };
  const found = 'Title: T\nSource: http://x\nContent: a\nb';
  const rows: [string, unknown[], unknown[]][] = [
    ['one text', [text('a')], [user('a')]],
    ['texts', [text('a'), text('b')], [user([text('a'), text('b')])]],
    ['a search result', [search], [user(found)]],
    ['results, then text', [result('1'), text('a')], [tool('1'), user('a')]],
    ['text on both sides', [text('a'), result('1'), text('b')], [user('a'), tool('1'), user('b')]],
    ['blocks of a result', [result([text('1'), search])], [tool([text('1'), text(found)])]],
    ['nothing', [result()], [tool('')]],
    ['no blocks', [result([])], [tool('')]],
    ['a failure that says nothing', [result(undefined, { is_error: true })], [tool('Error')]],
    ['a failure', [result('No.', { is_error: true })], [tool('No.')]],
    ['a tool that was found', [result([{ type: 'tool_reference', tool_name: 'g' }])], [tool('g')]],
  ];
  for (const [name, content, expected] of rows) {
    const messages = [user('hi'), assistant([call]), user(content)];
    t.strictSame(messagesOf({ messages }), [user('hi'), called, ...expected], name);
  }
  t.end();
});

t.test('an assistant’s thoughts and calls stand beside its text', (t) => {
  const thought = (thinking: string) => ({ type: 'thinking', thinking, signature: 's' });
  const rows: [string, unknown, object][] = [
    ['text', 'a', { content: 'a' }],
    ['nothing', [], { content: '' }],
    [
      'thoughts',
      [thought('x'), thought('y'), text('a')],
      { reasoning_content: 'x\ny', content: 'a' },
    ],
    ['a thought without its text', [thought(''), text('a')], { content: 'a' }],
    [
      'one that nobody can read',
      [{ type: 'redacted_thinking', data: 'z' }, text('a')],
      { content: 'a' },
    ],
    ['texts', [text('a'), text('b')], { content: [text('a'), text('b')] }],
    ['text and call', [text('a'), call], { content: 'a', tool_calls: called.tool_calls }],
    ['a call alone', [call], { tool_calls: called.tool_calls }],
  ];
  for (const [name, content, expected] of rows) {
    const messages = [user('hi'), assistant(content), user('b')];
    const answer = { role: 'assistant', ...expected };
    t.strictSame(messagesOf({ messages }), [user('hi'), answer, user('b')], name);
  }
  const noInput = { type: 'tool_use', id: 'a', name: 'f' };
  t.match(messagesOf({ messages: [user('hi'), assistant([noInput]), user('b')] }), [
    {},
    { tool_calls: [{ function: { arguments: {} } }] },
  ]);
  t.end();
});

t.test('a last text of the assistant is continued', (t) => {
  const conversation = (content: unknown) =>
    conversationOf(partOf({ messages: [user('hi'), assistant(content)] }));
  const { isContinued, messages } = conversation([text('So '), text('be')]);
  t.equal(isContinued, true);
  t.strictSame(plain(messages), [user('hi'), assistant('So be')], 'as one text');
  t.strictSame(plain(conversation([]).messages), [user('hi'), assistant('')]);
  t.equal(conversationOf(partOf({ messages: [user('hi')] })).isContinued, false);
  const behind = [user('hi'), assistant('So'), { role: 'system', content: 'x' }];
  t.equal(conversationOf(partOf({ messages: behind })).isContinued, true);
  t.match(
    refusal(() => conversation([call])),
    /`tool_use` ids were found without/,
  );
  t.end();
});

t.test('what is refused names its place', (t) => {
  const orphan = { type: 'tool_result', tool_use_id: 'toolu_9' };
  const rows: [unknown, RegExp][] = [
    [null, /^messages: Field required$/],
    [[], /^messages: at least one message/],
    ['hi', /^messages: Input should be a valid list$/],
    [['hi'], /^messages\.0: Input should be a valid object$/],
    [[{ content: 'a' }], /^messages\.0\.role: Field required$/],
    [
      [{ role: 'tool', content: 'a' }],
      /^messages\.0\.role: Input should be one of 'user', 'assistant'/,
    ],
    [[user(null)], /^messages\.0\.content: Field required$/],
    [[user(5)], /^messages\.0\.content: Input should be a valid list$/],
    [[user([])], /^messages\.0: all messages must have non-empty content$/],
    [[user(['a'])], /^messages\.0\.content\.0: Input should be a valid object$/],
    [[user([{ text: 'a' }])], /^messages\.0\.content\.0\.type: Field required$/],
    [
      [user([{ type: 'text', text: 5 }])],
      /^messages\.0\.content\.0\.text: Input should be a valid string$/,
    ],
    [[user([{ type: 'image' }])], /^messages\.0\.content\.0: `image` blocks .* takes only text$/],
    [[user([{ type: 'document' }])], /`document` blocks .* takes only text$/],
    [[user([call])], /`tool_use` blocks are not supported in a message of the user$/],
    [[user([orphan])], /unexpected `tool_use_id` found in `tool_result` blocks: toolu_9\./],
    [
      [assistant([orphan])],
      /`tool_result` blocks are not supported in a message of the assistant$/,
    ],
    [[assistant([{ type: 'server_tool_use' }])], /`server_tool_use` blocks are not supported/],
    [[assistant([{ type: 'constructor' }])], /`constructor` blocks are not supported/],
    [
      [assistant([{ ...call, input: 'x' }])],
      /^messages\.0\.content\.0\.input: Input should be a valid object$/,
    ],
    [[assistant([{ ...call, name: null }])], /^messages\.0\.content\.0\.name: Field required$/],
    [
      [
        assistant([call]),
        user([{ ...orphan, tool_use_id: 'toolu_1', content: [{ type: 'image' }] }]),
      ],
      /^messages\.1\.content\.0\.content\.0: `image` blocks/,
    ],
  ];
  for (const [messages, expected] of rows) {
    t.match(
      refusal(() => conversationOf(partOf({ messages }))),
      expected,
    );
  }
  const system = [{ type: 'image' }];
  t.match(
    refusal(() => conversationOf(partOf({ system, messages: [user('a')] }))),
    /^system\.0: `image`/,
  );
  t.end();
});
