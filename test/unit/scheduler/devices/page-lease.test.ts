import t from 'tap';
import { PageLease } from '../../../../src/scheduler/devices/page-lease.js';

const ids = (...pages: readonly number[]) => Int32Array.from(pages);

t.test('pages are dry when a lease came short and nothing was released since it was asked', (t) => {
  const lease = new PageLease(8);
  lease.asked(3);
  t.equal(lease.numAsked, 3);
  lease.receive(ids(0, 1, 2), 3);
  t.same([lease.numAsked, lease.dry, lease.idle.length], [0, false, 3]);
  lease.asked(2);
  lease.receive(ids(3), 2);
  t.ok(lease.dry);
  lease.released();
  t.notOk(lease.dry);
  t.end();
});

t.test('a short lease that was asked before a release says nothing', (t) => {
  const lease = new PageLease(8);
  lease.asked(5);
  lease.released();
  lease.receive(ids(), 5);
  t.notOk(lease.dry);
  t.end();
});

t.test('a page that several runs name is held once', (t) => {
  const lease = new PageLease(8);
  lease.hold([1, 2, 3]);
  lease.hold([2, 3, 4]);
  t.equal(lease.numHeldPages, 4);
  t.equal(lease.numSoleHeld([1, 2, 3]), 1);
  lease.drop([1, 2, 3]);
  t.equal(lease.numHeldPages, 3);
  t.notOk(lease.isHeld(1));
  t.throws(() => {
    lease.drop([1]);
  }, /dropped twice/);
  t.end();
});
