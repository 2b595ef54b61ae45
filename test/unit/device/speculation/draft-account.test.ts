import t from 'tap';
import { DraftAccount } from '../../../../src/device/speculation/draft-account.js';

/** Steps that it lets go, one after the other. */
function lost(account: DraftAccount): number {
  let numLost = 0;
  for (; account.isOpen; numLost++) account.spend(1);
  return numLost;
}

function allow(account: DraftAccount, numSteps: number): void {
  for (let i = 0; i < numSteps; i++) account.allow(1);
}

t.test('drafts stop when they have lost a little, and may try again after many steps', (t) => {
  const account = new DraftAccount();
  t.equal(lost(account), 8);
  let numLost = 0;
  for (let step = 0; step < 1000; step++) {
    allow(account, 1);
    numLost += lost(account);
  }
  t.ok(Math.abs(numLost - 10) <= 1, 'a hundredth of what was computed');
  t.end();
});

t.test('what was won long ago does not pay for long losses', (t) => {
  const account = new DraftAccount();
  for (let i = 0; i < 1000; i++) account.win(1);
  t.equal(lost(account), 16);
  t.end();
});

t.test('a text that is never drafted for saves up little', (t) => {
  const account = new DraftAccount();
  lost(account);
  allow(account, 10_000);
  t.equal(lost(account), 2);
  t.end();
});
