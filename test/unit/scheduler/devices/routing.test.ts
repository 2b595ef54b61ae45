import t from 'tap';
import { chooseTarget } from '../../../../src/scheduler/devices/routing.js';
import { request, SchedulerRig } from '../../../doubles/scheduler-rig.js';

const target = (device: string, load: number, cachedTokens: number, hasRoom = true) => ({
  device,
  load,
  cachedTokens,
  hasRoom,
});

t.test('the longest cached prefix decides', (t) => {
  t.equal(chooseTarget([target('a', 2, 0), target('b', 5, 80)], 100), 'b');
  t.end();
});

t.test('unless it is short, full or overloaded', (t) => {
  t.equal(chooseTarget([target('a', 2, 0), target('b', 5, 10)], 100), 'a', 'short');
  t.equal(chooseTarget([target('a', 2, 0), target('b', 5, 80, false)], 100), 'a', 'full');
  t.equal(chooseTarget([target('a', 2, 0), target('b', 20, 80)], 100), 'a', 'overloaded');
  t.equal(chooseTarget([target('a', 0, 0, false), target('b', 0, 80, false)], 100), null);
  t.equal(chooseTarget([], 100), null);
  t.end();
});

t.test('new prompts spread over the devices, repeated ones go home', (t) => {
  const rig = new SchedulerRig().attach(0).attach(1);
  for (let num = 0; num < 4; num++) rig.submit(request(num, 100, { first: 50 * num }));
  rig.run();
  const rankOf = (num: number) => rig.finishedOf(num)?.stats.dpRank;
  t.same([0, 1, 2, 3].map(rankOf).sort(), [0, 0, 1, 1]);
  for (let num = 0; num < 4; num++) rig.submit(request(10 + num, 100, { first: 50 * num })).run();
  for (let num = 0; num < 4; num++) {
    t.equal(rankOf(10 + num), rankOf(num));
    t.equal(rig.finishedOf(10 + num)?.stats.cachedTokens, 96);
  }
  t.end();
});

t.test('a batch spreads over the devices too', (t) => {
  const rig = new SchedulerRig().attach(0).attach(1);
  rig.submit(...[0, 1, 2, 3].map((num) => request(num, 100, { first: 50 * num }))).run();
  t.same(rig.finished.map(({ stats }) => stats.dpRank).sort(), [0, 0, 1, 1]);
  t.end();
});

t.test('one device is never asked for its prefixes; a pinned request goes where it says', (t) => {
  const one = new SchedulerRig().attach();
  one.submit(request(1, 50)).run();
  t.notOk(one.ops.some(({ op }) => op === 'probe'));
  const two = new SchedulerRig().attach(0).attach(1);
  for (let num = 0; num < 3; num++) two.submit(request(num, 50, { dpRank: 1 }));
  two.run();
  t.same(
    two.finished.map(({ stats }) => stats.dpRank),
    [1, 1, 1],
  );
  t.end();
});
