import t from 'tap';
import { DraftAccount } from '../../../../src/device/speculation/draft-account.js';

t.test('drafts stop when they have lost a little, and may try again after many steps', (t) => {
  const account = new DraftAccount();
  t.ok(account.isOpen);
  let numLost = 0;
  for (; account.isOpen; numLost++) account.spend(1);
  t.equal(numLost, 8);
  for (let step = 0; step < 1000; step++) {
    account.allow(1);
    if (account.isOpen) {
      account.spend(1);
      numLost++;
    }
  }
  t.ok(Math.abs(numLost - (8 + 10)) <= 1, 'a hundredth of what was computed');
  t.end();
});

t.test('what was won long ago does not pay for long losses', (t) => {
  const account = new DraftAccount();
  for (let i = 0; i < 1000; i++) account.win(1);
  let numLost = 0;
  for (; account.isOpen; numLost++) account.spend(1);
  t.equal(numLost, 16);
  t.end();
});

t.test('a text that is never drafted for saves up little', (t) => {
  const account = new DraftAccount();
  while (account.isOpen) account.spend(1);
  for (let i = 0; i < 10_000; i++) account.allow(1);
  let numLost = 0;
  for (; account.isOpen; numLost++) account.spend(1);
  t.equal(numLost, 2);
  t.end();
});
