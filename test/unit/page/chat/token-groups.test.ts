import t from 'tap';

import { groupsOf, levelOf } from '../../../../src/page/chat/token-groups.js';

const token = (text: string, bytes: number[], logprob = 0) => ({ text, bytes, logprob, top: [] });

t.test('tokens that are a character together are one group', (t) => {
  const groups = groupsOf([
    token('a', [97]),
    token('\ufffd', [0xc3], Math.log(0.5)),
    token('\ufffd', [0xa9], Math.log(0.5)),
    token(' b', [32, 98]),
  ]);
  t.same(
    groups.map(({ text }) => text),
    ['a', 'é', ' b'],
  );
  t.equal(groups[1]?.probability.toFixed(2), '0.25');
  t.equal(groups[1]?.tokens.length, 2);
  t.end();
});

t.test('bytes that are no text are shown as the server shows them', (t) => {
  const groups = groupsOf(Array.from({ length: 5 }, () => token('\ufffd', [0xff])));
  t.same(
    groups.map(({ tokens }) => tokens.length),
    [4, 1],
  );
  t.end();
});

t.test('tokens without bytes are texts', (t) => {
  t.same(
    groupsOf([token('x', []), token('y', [])]).map(({ text }) => text),
    ['x', 'y'],
  );
  t.end();
});

t.test('a colour for every probability', (t) => {
  t.same([0, 0.04, 0.1, 0.5, 0.89, 0.9, 1].map(levelOf), [0, 0, 1, 3, 4, 5, 5]);
  t.end();
});
