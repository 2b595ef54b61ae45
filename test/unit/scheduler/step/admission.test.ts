import t from 'tap';
import { request, SchedulerRig } from '../../../doubles/scheduler-rig.js';

/** 20 pages of 4 tokens. */
const LIMITS = { numPages: 20, pageSizeTokens: 4, numSlots: 4 };
const HOPEFUL = { scheduleConservativeness: 0.001 };

/** Most requests that ran at once. */
function mostTogether(rig: SchedulerRig): number {
  let numOpen = 0;
  let most = 0;
  for (const { opens, frees } of rig.run().plans) {
    numOpen += opens.length - frees.length;
    most = Math.max(most, numOpen);
  }
  return most;
}

t.test('a request waits while the running ones are expected to need the pages', (t) => {
  const start = (config: object) => {
    const rig = new SchedulerRig({ limits: LIMITS, config }).attach();
    const options = { sampling: { maxNewTokens: 36 } };
    rig.submit(request(1, 12, options), request(2, 12, { first: 90, ...options }));
    return rig;
  };
  t.equal(mostTogether(start({})), 1, '12 + 36 tokens do not fit beside 12 + 0.7 · 36 of 80');
  t.equal(mostTogether(start(HOPEFUL)), 2, 'unless next to nothing is expected of the other');
  t.end();
});

t.test('what the request itself may make counts in full', (t) => {
  const start = (maxNewTokens: number) => {
    const rig = new SchedulerRig({ limits: LIMITS, config: HOPEFUL }).attach();
    rig.submit(request(1, 12, { sampling: { maxNewTokens: 10 } }));
    return rig.submit(request(2, 12, { first: 90, sampling: { maxNewTokens } }));
  };
  t.equal(mostTogether(start(50)), 2);
  t.equal(mostTogether(start(60)), 1);
  t.end();
});

t.test('a request alone on its device always gets its chance', (t) => {
  const rig = new SchedulerRig({ limits: LIMITS }).attach();
  const plain = request(1, 40, { sampling: { maxNewTokens: 30 } });
  rig.submit(plain).run();
  const stop = rig.tokensOf(1)[3] ?? -1;
  rig.submit(request(2, 40, { first: 1, sampling: { maxNewTokens: 500, stopTokenIds: [stop] } }));
  rig.run();
  t.match(rig.reasonOf(2), { type: 'stop' });
  t.end();
});

t.test('pages of a prefix that another request holds are not counted again', (t) => {
  const rig = new SchedulerRig({ limits: LIMITS, config: HOPEFUL }).attach();
  const options = { first: 5, sampling: { maxNewTokens: 8 } };
  rig.submit(request(1, 49, options), request(2, 49, options));
  t.equal(mostTogether(rig), 2, '98 tokens of prompt in a pool of 80');
  t.equal(rig.finishedOf(2)?.stats.cachedTokens, 48);
  t.end();
});

t.test('a start leaves an idle page to every request that runs', (t) => {
  const rig = new SchedulerRig({ limits: LIMITS, config: HOPEFUL }).attach();
  const options = { sampling: { maxNewTokens: 9 } };
  rig.submit(request(1, 13, options), request(2, 13, { first: 50, ...options }));
  // Of 20 pages they have 4 each; one would be left.
  rig.submit(request(3, 11 * 4, { first: 90, sampling: { maxNewTokens: 1 } }));
  t.equal(mostTogether(rig), 2);
  t.same(
    rig.finished.map(({ stats }) => stats.numRetractions),
    [0, 0, 0],
  );
  t.end();
});

t.test('pages that the next request lacks are those that others wait with', (t) => {
  const rig = new SchedulerRig({ limits: LIMITS, config: HOPEFUL }).attach();
  const options = { first: 5, sampling: { maxNewTokens: 1 } };
  rig.submit(request(0, 32, options)).run();
  rig.submit(request(1, 60, { first: 90, sampling: { maxNewTokens: 4 } }), request(2, 40, options));
  rig.run();
  t.match(rig.reasonOf(1), { type: 'length' }, '15 pages, and 8 were locked for request 2');
  t.match(rig.reasonOf(2), { type: 'length' });
  const asked = rig.ops.flatMap((op) =>
    (op.op === 'match' && op.num === 2) || (op.op === 'insert' && op.num === 1) ? [op.op] : [],
  );
  t.same(asked.slice(0, 3), ['match', 'insert', 'match'], 'matched again when the other is in');
  t.equal(mostTogether(rig), 1);
  t.end();
});

t.test('rather than retract or end a request, those that wait give their locks up', (t) => {
  const config = { ...HOPEFUL, maxRunningRequests: 1 };
  const rig = new SchedulerRig({ limits: LIMITS, config }).attach();
  const options = { first: 5, sampling: { maxNewTokens: 1 } };
  rig.submit(request(0, 32, options)).run();
  rig.submit(request(1, 12, { first: 90, sampling: { maxNewTokens: 60 } }));
  rig.submit(request(2, 40, options)).run();
  t.match(rig.finishedOf(1), { reason: { type: 'length' }, stats: { numRetractions: 0 } });
  t.match(rig.reasonOf(2), { type: 'length' });
  t.end();
});

t.test('idle pages beyond a reserve go back to the cache', (t) => {
  const rig = new SchedulerRig({ config: { disableRadixCache: true } }).attach();
  rig.submit(...Array.from({ length: 20 }, (_, num) => request(num, 200, { first: 7 * num })));
  rig.run();
  const [tree] = rig.cache.snapshot();
  t.ok((tree?.leasedPages ?? NaN) <= 32 + 64, 'of 260 that the requests had');
  t.end();
});
