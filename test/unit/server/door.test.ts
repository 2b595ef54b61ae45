import t from 'tap';

import { Door } from '../../../src/server/door.js';

t.test('opens when no reason keeps it closed, and lets in by arrival', async (t) => {
  const door = new Door();
  const entered: number[] = [];
  const wait = (who: number) => door.wait(1).then(() => entered.push(who));
  door.close('pause');
  door.close('release');
  door.close('release');
  const all = Promise.all([wait(1), wait(2)]);
  t.equal(door.numHeld, 2);
  door.open('release');
  t.notOk(door.isOpen);
  await Promise.resolve();
  t.same(entered, []);
  door.open('pause');
  await all;
  t.same(entered, [1, 2]);
  t.ok(door.isOpen);
  t.equal(door.numHeld, 0);
});

t.test('a demolished door holds nobody', async (t) => {
  const door = new Door();
  door.close('pause');
  door.close('release');
  const waiting = door.wait(1);
  door.demolish();
  await waiting;
  t.ok(door.isOpen);
});

t.test('holds so many and no more', async (t) => {
  const door = new Door();
  door.close('pause');
  const held = door.wait(4096);
  await t.rejects(door.wait(1), { code: 'QUEUE_FULL' });
  door.open('pause');
  await held;
});
