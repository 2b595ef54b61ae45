import t from 'tap';

import { newMessage, type Conversation, type Message } from '../../../../src/page/chat/message.js';
import {
  ancestorsOf,
  branchesOf,
  newConversation,
  pathOf,
  withChange,
  withChosen,
  withMessage,
  without,
} from '../../../../src/page/chat/tree.js';

let clock = 0;

function said(id: string, parent: string | null, role: Message['role'] = 'user'): Message {
  return newMessage({ id, parent, role, content: id, at: ++clock });
}

/** q1 ─ a1 ─ q2 ─ a2, with another answer b1 beside a1, and another question r2 beside q2. */
function forked(): Conversation {
  return [
    said('q1', null),
    said('a1', 'q1', 'assistant'),
    said('q2', 'a1'),
    said('a2', 'q2', 'assistant'),
    said('b1', 'q1', 'assistant'),
    said('r2', 'a1'),
  ].reduce(withMessage, newConversation('c', 0));
}

const ids = (messages: readonly Message[]): string[] => messages.map(({ id }) => id);

t.test('what came last in each place is shown', (t) => {
  t.same(ids(pathOf(forked())), ['q1', 'b1']);
  t.same(ids(pathOf(withChosen(forked(), 'a1'))), ['q1', 'a1', 'r2']);
  t.same(ids(pathOf(withChosen(withChosen(forked(), 'a1'), 'q2'))), ['q1', 'a1', 'q2', 'a2']);
  t.end();
});

t.test('branches are in the order in which they were made', (t) => {
  const branches = branchesOf(forked());
  t.same(branches.get('q1'), ['a1', 'b1']);
  t.same(branches.get(null), ['q1']);
  t.end();
});

t.test('what stands before a message is its own branch', (t) => {
  t.same(ids(ancestorsOf(forked(), 'a2')), ['q1', 'a1', 'q2']);
  t.same(ids(ancestorsOf(forked(), 'q1')), []);
  t.end();
});

t.test('a message goes with all below it, and a sibling takes its place', (t) => {
  const left = without(forked(), 'a1');
  t.same(Object.keys(left.messages).sort(), ['b1', 'q1']);
  t.same(ids(pathOf(left)), ['q1', 'b1']);
  const bare = without(without(forked(), 'b1'), 'r2');
  t.same(ids(pathOf(bare)), ['q1', 'a1', 'q2', 'a2']);
  t.same(pathOf(without(forked(), 'q1')), []);
  t.end();
});

t.test('a message changes where it is, and nothing else does', (t) => {
  const before = forked();
  const after = withChange(before, 'a1', { content: 'new' });
  t.equal(after.messages['a1']?.content, 'new');
  t.equal(after.messages['q1'], before.messages['q1']);
  t.equal(withChange(before, 'nobody', { content: 'new' }), before);
  t.end();
});

t.test('the first question names the conversation', (t) => {
  t.equal(forked().title, 'q1');
  const long = newMessage({ id: 'q', parent: null, role: 'user', content: 'x'.repeat(99), at: 1 });
  t.equal(withMessage(newConversation('c', 0), long).title.length, 60);
  t.end();
});

t.test('a tree that bites its tail ends', (t) => {
  const round: Conversation = {
    ...newConversation('c', 0),
    messages: { a: said('a', 'b'), b: said('b', 'a') },
    chosen: { '': 'a', a: 'b', b: 'a' },
  };
  t.same(ids(pathOf(round)), ['a', 'b']);
  t.ok(ancestorsOf(round, 'a').length <= 3);
  t.end();
});
