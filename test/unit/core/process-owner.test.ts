import t from 'tap';

import { ownerState, ownOwner, pidOf } from '../../../src/core/process-owner.js';
import { FOREIGN_OWNER, startOther } from '../../doubles/owners.js';

t.test(
  'a process is living until it is killed, and a later one with its number is another',
  async (t) => {
    t.equal(ownerState(ownOwner()), 'living');
    t.equal(pidOf(ownOwner()), process.pid);
    const other = await startOther();
    t.equal(ownerState(other.owner), 'living');
    t.equal(pidOf(other.owner), other.child.pid);
    t.equal(ownerState(other.owner.replace(/\d+$/, '1')), 'dead', 'its number, another start');
    await other.kill();
    t.equal(ownerState(other.owner), 'dead');
  },
);

t.test('who cannot be looked at is elsewhere, who was there before this start is dead', (t) => {
  const [machine = '', boot = '', namespace = '', pid = '', start = ''] = ownOwner().split('-');
  t.equal(ownerState(FOREIGN_OWNER), 'elsewhere');
  t.equal(ownerState([machine, boot, '00000000', pid, start].join('-')), 'elsewhere');
  t.equal(ownerState([machine, '00000000', namespace, pid, start].join('-')), 'dead');
  t.equal(ownerState(''), 'elsewhere');
  t.equal(ownerState('garbage'), 'elsewhere');
  t.end();
});
