import t from 'tap';
import { request, SchedulerRig } from '../../doubles/scheduler-rig.js';

t.test('time-outs end what waits or runs for too long', (t) => {
  const config = { maxRunningRequests: 1, waitingTimeoutMs: 1000, runningTimeoutMs: 5000 };
  const rig = new SchedulerRig({ config }).attach();
  rig.submit(request(1, 20, { sampling: { maxNewTokens: 4000 } }));
  rig.submit(request(2, 20, { first: 90 }));
  const at = (ms: number) => {
    rig.nowMs = ms;
    rig.scheduler.tick();
    return rig.finished.map(({ num }) => num);
  };
  t.same(at(999), []);
  t.same(at(1000), [2]);
  const aborted = { type: 'abort', code: 'TIMED_OUT' };
  t.match(rig.reasonOf(2), { ...aborted, message: 'Request waiting timeout reached.' });
  t.same(at(4999), [2]);
  t.same(at(5000), [2, 1]);
  t.match(rig.reasonOf(1), { ...aborted, message: 'Request running timeout reached.' });
  rig.run();
  t.match(rig.readState()?.devices[0]?.kvPool, { heldTokens: 0 });
  t.end();
});
