import t from 'tap';

import { readExport, writeExport } from '../../../../src/page/chat/export.js';
import { DEFAULT_SETTINGS, newMessage } from '../../../../src/page/chat/message.js';
import { newConversation, pathOf, withMessage } from '../../../../src/page/chat/tree.js';

const question = newMessage({ id: 'q', parent: null, role: 'user', content: 'Hi', at: 1 });
const answer = newMessage({
  id: 'a',
  parent: 'q',
  role: 'assistant',
  content: 'Hello',
  finish: 'stop',
  at: 2,
});
const one = [question, answer].reduce(
  withMessage,
  newConversation('c', 0, {
    ...DEFAULT_SETTINGS,
    temperature: '0',
  }),
);

t.test('what was written is read', (t) => {
  t.same(readExport(writeExport([one])), [one]);
  t.end();
});

t.test('probabilities stay behind', (t) => {
  const tokens = [{ text: 'Hello', bytes: [], logprob: 0, top: [] }];
  const heavy = withMessage(one, { ...answer, tokens });
  t.notOk(writeExport([heavy]).includes('logprob'));
  t.end();
});

t.test('another file is refused', (t) => {
  for (const text of ['', '[]', '{"format":"else"}', 'null']) {
    t.throws(() => readExport(text), { message: 'This file holds no conversations of Radish.' });
  }
  const newer = { format: 'radish.conversations', version: 2 };
  t.throws(() => readExport(JSON.stringify(newer)), { message: /newer/ });
  t.end();
});

t.test('what anybody wrote is taken as far as it makes sense', (t) => {
  const conversations = [
    {
      id: 7,
      title: ['x'],
      settings: { temperature: 3, system: 'Hi', __proto__: { tools: '[]' } },
      messages: {
        a: { id: 'a', parent: null, role: 'king', content: { html: '<b>' }, toolCalls: [null, {}] },
        orphan: { id: 'o', parent: 'nobody', role: 'user', content: 'x' },
      },
      chosen: { '': 'a', a: 'elsewhere', elsewhere: 'a' },
    },
    null,
  ];
  const [read, ...others] = readExport(
    JSON.stringify({ format: 'radish.conversations', version: 1, conversations }),
  );
  t.same(others, []);
  if (read === undefined) throw new Error('nothing was read');
  t.equal(read.id, '');
  t.equal(read.title, '');
  t.equal(read.settings.temperature, '');
  t.equal(read.settings.system, 'Hi');
  t.same(Object.keys(read.messages), ['a']);
  t.same(read.chosen, { '': 'a' });
  t.match(pathOf(read), [{ role: 'user', content: '' }]);
  t.end();
});
