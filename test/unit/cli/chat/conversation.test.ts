import t from 'tap';

import { Conversation } from '../../../../src/cli/chat/conversation.js';

const user = (content: string) => ({ role: 'user', content });
const assistant = (content: string) => ({ role: 'assistant', content });

t.test('questions and answers go by turns', (t) => {
  const talk = new Conversation('Be brief.');
  t.strictSame(talk.ask('One?'), [{ role: 'system', content: 'Be brief.' }, user('One?')]);
  talk.answer('Yes.', true);
  t.strictSame(talk.ask('Two?').slice(1), [user('One?'), assistant('Yes.'), user('Two?')]);
  talk.answer('No', false);
  t.strictSame(talk.messages.slice(2), [user('Two?'), { ...assistant('No'), interrupted: true }]);
  t.strictSame(talk.ask('Three?').at(-2), assistant('No'), 'the mark is not sent');
  t.end();
});

t.test('a question without an answer stands in no conversation', (t) => {
  const talk = new Conversation();
  talk.ask('Lost?');
  talk.answer('', false);
  t.strictSame(talk.messages, []);
  t.equal(talk.takeBack(), 'Lost?', 'and can be asked again');
  talk.ask('Lost?');
  talk.answer('', false);
  t.strictSame(talk.ask('Next?'), [user('Next?')]);
  talk.answer('', true);
  t.strictSame(talk.messages, [user('Next?'), assistant('')], 'an empty answer is one');
  t.end();
});

t.test('the last turn is taken back', (t) => {
  const talk = new Conversation();
  t.equal(talk.takeBack(), null);
  for (const question of ['One?', 'Two?']) {
    talk.ask(question);
    talk.answer('Yes.', true);
  }
  t.equal(talk.takeBack(), 'Two?');
  t.equal(talk.messages.length, 2);
  talk.clear();
  t.equal(talk.takeBack(), null);
  t.end();
});

t.test('messages of a file take its place, or say why not', (t) => {
  const talk = new Conversation('Old.');
  const saved = [
    { role: 'system', content: 'New.' },
    user('One?'),
    { ...assistant('Y'), interrupted: true },
  ];
  talk.replace(saved);
  t.strictSame(talk.toMessages(), saved);
  talk.replace({ model: 'x', messages: [user('One?')] });
  t.equal(talk.system, null);
  t.equal(talk.takeBack(), 'One?', 'a last question waits for /retry');
  const wrong: [unknown, RegExp][] = [
    [{}, /no list of messages/],
    ['x', /no list/],
    [[{ role: 'tool', content: 'x' }], /message 1 needs a role/],
    [[user('a'), { role: 'assistant', content: null }], /message 2 needs/],
    [[assistant('a')], /message 1 must be the user's/],
    [[user('a'), user('b')], /message 2 must be the assistant's/],
  ];
  talk.replace(saved);
  for (const [value, message] of wrong) {
    t.throws(
      () => {
        talk.replace(value);
      },
      { message },
    );
    t.strictSame(talk.toMessages(), saved, 'nothing is lost');
  }
  t.end();
});
