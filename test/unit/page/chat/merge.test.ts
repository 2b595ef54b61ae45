import t from 'tap';

import { merged } from '../../../../src/page/chat/merge.js';
import { newMessage, type Conversation, type Message } from '../../../../src/page/chat/message.js';
import { newConversation, pathOf, withMessage, without } from '../../../../src/page/chat/tree.js';

const message = (id: string, parent: string | null, content = id): Message =>
  newMessage({ id, parent, role: 'user', content, at: Number(id) });
const contents = (conversation: Conversation | null): readonly string[] =>
  Object.values(conversation?.messages ?? {}).map(({ content }) => content);
const shown = (conversation: Conversation | null): readonly string[] =>
  conversation === null ? [] : pathOf(conversation).map(({ content }) => content);

const base: Conversation = {
  ...withMessage(
    withMessage(newConversation('c', 0), message('1', null, 'question')),
    message('2', '1', 'answer'),
  ),
  revision: 4,
};
/** As another tab has written it: other objects, and one revision more. */
const written = (kept: Conversation): Conversation => ({
  ...structuredClone(kept),
  revision: kept.revision + 1,
});

t.test('what is kept as it was is replaced by what is here', (t) => {
  const mine = withMessage(base, message('3', '2'));
  t.equal(merged({ base, mine, kept: structuredClone(base) }), mine);
  t.equal(merged({ base: null, mine, kept: null }), mine, 'it was never kept');
  t.end();
});

t.test('both turns stay, and each tab goes on showing its own', (t) => {
  const mine = withMessage(base, message('3', '2', 'mine'));
  const theirs = written(withMessage(base, message('4', '2', 'theirs')));
  const both = merged({ base, mine, kept: theirs });
  t.same(contents(both), ['question', 'answer', 'mine', 'theirs']);
  t.same(shown(both), ['question', 'answer', 'mine']);
  t.same(shown(merged({ base, mine: base, kept: theirs })), ['question', 'answer', 'theirs']);
  t.end();
});

t.test('of one message the tab that changes it knows more', (t) => {
  const longer = (conversation: Conversation, content: string): Conversation => ({
    ...conversation,
    messages: { ...conversation.messages, 2: message('2', '1', content) },
  });
  const theirs = written(longer(base, 'an answer that grows'));
  t.same(contents(merged({ base, mine: base, kept: theirs })), [
    'question',
    'an answer that grows',
  ]);
  const mine = longer(base, 'mine');
  t.same(contents(merged({ base, mine, kept: written(base) })), ['question', 'mine']);
  t.end();
});

t.test('what either has deleted is gone, with what the other said below it', (t) => {
  const mine = withMessage(base, message('3', '2', 'mine'));
  const theirs = written(without(base, '2'));
  t.same(contents(merged({ base, mine, kept: theirs })), ['question']);
  const kept = written(withMessage(base, message('3', '2', 'theirs')));
  t.same(contents(merged({ base, mine: without(base, '2'), kept })), ['question']);
  t.end();
});

t.test('a conversation that was deleted stays where it has been changed since', (t) => {
  t.equal(merged({ base, mine: base, kept: null }), null);
  const mine = withMessage(base, message('3', '2', 'mine'));
  t.equal(merged({ base, mine, kept: null }), mine);
  t.equal(merged({ base, mine: null, kept: written(base) }), null, 'it was deleted here');
  const theirs = written(base);
  t.equal(merged({ base: null, mine: null, kept: theirs }), theirs, 'a new one of another tab');
  t.end();
});

t.test('a name and settings are those of the tab that changed them', (t) => {
  const settings = { ...base.settings, system: 'Be brief.' };
  const mine = { ...base, title: 'A name' };
  const kept = { ...written(base), settings, updatedAt: 9 };
  t.match(merged({ base, mine, kept }), { title: 'A name', settings, updatedAt: 9 });
  t.end();
});

t.test('messages above each other end nothing', (t) => {
  const round = { 5: message('5', '6'), 6: message('6', '5') };
  const kept = written({ ...base, messages: { ...base.messages, ...round } });
  t.same(contents(merged({ base, mine: base, kept })), ['question', 'answer']);
  t.end();
});
