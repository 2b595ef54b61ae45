import t from 'tap';
import { request, SchedulerRig } from '../../doubles/scheduler-rig.js';

for (const op of ['match', 'insert', 'lease'] as const) {
  t.test(`a request does without what the cache actor refuses (${op})`, (t) => {
    const rig = new SchedulerRig({ limits: { numPages: 20, pageSizeTokens: 4 } }).attach();
    const { cache } = rig;
    const handle = cache.handle.bind(cache);
    let numRefused = 0;
    cache.handle = (message) => {
      const [refused] = numRefused > 0 ? [] : message.ops.filter((one) => one.op === op);
      if (refused === undefined) return handle(message);
      numRefused++;
      const ops = message.ops.filter((one) => one !== refused);
      const replies = handle({ kind: 'ops', ops })?.replies ?? [];
      const num = refused.op === 'lease' ? null : 1;
      return {
        kind: 'replies',
        replies: [...replies, { op: 'fault', num, tree: '0:0', message: 'This is a bug.' }],
      };
    };
    rig.submit(request(1, 48, { first: 5, sampling: { maxNewTokens: 20 } })).run();
    t.equal(numRefused, 1);
    t.same(rig.reasonOf(1), { type: 'length', length: 20 });
    t.ok(rig.logs.includes('The cache actor refused an operation. This is a bug.'));
    rig.tell({ kind: 'drain' }).run();
    t.ok(rig.last('drained'), 'nothing waits for an answer that will not come');
    t.end();
  });
}
