import t from 'tap';

import { Output, NO_LOGPROBS } from '../../../../src/api/responses/output.js';
import type { ContentPiece } from '../../../../src/engine/content-plan.js';

const text = (one: string): ContentPiece => ({ kind: 'text', text: one });
const thought = (one: string): ContentPiece => ({ kind: 'reasoning', text: one });
const call = (name: string): ContentPiece => ({ kind: 'call', name });
const given = (one: string): ContentPiece => ({ kind: 'arguments', text: one });

function run(
  pieces: readonly ContentPiece[],
  {
    status = 'completed',
    isSummary = false,
  }: { status?: 'completed' | 'incomplete'; isSummary?: boolean } = {},
): { types: string[]; items: unknown[]; deltas: string } {
  const output = new Output({
    callIds: (name, index) => `${name}:${index}`,
    places: new Map([['crm__find', { namespace: 'crm', name: 'find' }]]),
    thoughts: { isSummary, isSealed: false },
  });
  const events = [
    ...pieces.flatMap((piece) => output.add(piece, NO_LOGPROBS)),
    ...output.close(status, NO_LOGPROBS),
  ];
  return {
    types: events.map(({ type }) => type.replace('response.', '')),
    items: output.items.map(({ id, ...rest }) => {
      if (!/^(?:msg|rs|fc)_[0-9a-f]{32}$/.test(id)) throw new Error(`a bad id: ${id}`);
      return rest;
    }),
    deltas: events.map(({ delta }) => (typeof delta === 'string' ? delta : '')).join(''),
  };
}

const message = (one: string, status = 'completed') => ({
  type: 'message',
  status,
  role: 'assistant',
  content: [{ type: 'output_text', text: one, annotations: [], logprobs: [] }],
});

t.test('the events of each kind of item, in order', (t) => {
  t.strictSame(run([text('a'), text('b')]).types, [
    'output_item.added',
    'content_part.added',
    'output_text.delta',
    'output_text.delta',
    'output_text.done',
    'content_part.done',
    'output_item.done',
  ]);
  t.strictSame(run([call('f'), given('{'), given('}')]).types, [
    'output_item.added',
    'function_call_arguments.delta',
    'function_call_arguments.delta',
    'function_call_arguments.done',
    'output_item.done',
  ]);
  t.strictSame(run([thought('a')]).types, [
    'output_item.added',
    'content_part.added',
    'reasoning_text.delta',
    'reasoning_text.done',
    'content_part.done',
    'output_item.done',
  ]);
  t.strictSame(run([thought('a')], { isSummary: true }).types, [
    'output_item.added',
    'reasoning_summary_part.added',
    'reasoning_summary_text.delta',
    'reasoning_summary_text.done',
    'reasoning_summary_part.done',
    'output_item.done',
  ]);
  t.end();
});

t.test('a call of a namespace’s function says both names', (t) => {
  t.match(run([call('crm__find'), given('{}')]).items, [
    { type: 'function_call', name: 'find', namespace: 'crm', arguments: '{}' },
  ]);
  t.notOk('namespace' in (run([call('find')]).items[0] as object));
  t.end();
});

t.test('a thought, a text, two calls and a text', (t) => {
  const { items } = run([
    thought('hm'),
    text('\n\n'),
    text('I look.'),
    call('f'),
    given('{"a":1}'),
    text('\n'),
    call('g'),
    text(' Done'),
  ]);
  t.strictSame(items, [
    {
      type: 'reasoning',
      status: 'completed',
      summary: [],
      content: [{ type: 'reasoning_text', text: 'hm' }],
      encrypted_content: null,
    },
    message('\n\nI look.'),
    { type: 'function_call', status: 'completed', call_id: 'f:0', name: 'f', arguments: '{"a":1}' },
    { type: 'function_call', status: 'completed', call_id: 'g:1', name: 'g', arguments: '' },
    message(' Done'),
  ]);
  t.end();
});

t.test('a cut answer leaves its last item incomplete, and no other', (t) => {
  const { items } = run([text('a'), call('f'), given('{"a')], { status: 'incomplete' });
  t.match(items, [{ status: 'completed' }, { status: 'incomplete', arguments: '{"a' }]);
  t.strictSame(run([text(' \n')]).items, [], 'white space is no message');
  t.end();
});

t.test('however the text is cut, the items are the same, and the deltas are their texts', (t) => {
  const whole = ' \n Hello, world. \n';
  const expected = run([thought('why'), text(whole), call('f'), given('{}')]);
  for (let cut = 0; cut <= whole.length; cut++) {
    const parts = [text(whole.slice(0, cut)), text(whole.slice(cut))];
    const pieces = [thought('w'), thought('hy'), ...parts, call('f'), given('{'), given('}')];
    const { items, deltas } = run(pieces);
    t.strictSame(items, expected.items, `cut at ${cut}`);
    t.equal(deltas, `why${whole}{}`);
  }
  t.end();
});
