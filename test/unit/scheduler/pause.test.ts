import t from 'tap';
import { request, SchedulerRig } from '../../doubles/scheduler-rig.js';

const long = { sampling: { maxNewTokens: 40 } };

/** Answers of the same two requests, never paused. */
function undisturbed(): number[][] {
  const rig = new SchedulerRig().attach();
  rig.submit(request(1, 50, long), request(2, 50, { ...long, first: 90 })).run();
  return [rig.tokensOf(1), rig.tokensOf(2)];
}

for (const mode of ['inPlace', 'retract'] as const) {
  t.test(`a pause (${mode}) stops the tokens, and nothing is lost when it ends`, (t) => {
    const rig = new SchedulerRig().attach();
    rig.submit(request(1, 50, long), request(2, 50, { ...long, first: 90 }));
    for (let i = 0; i < 8; i++) rig.step();
    rig.tell({ kind: 'pause', mode });
    while (rig.step());
    const before = rig.tokensOf(1).length;
    t.ok(before > 0 && before < 40);
    rig.submit(request(3, 20));
    t.notOk(rig.step(), 'no step is posted while paused');
    const state = rig.readState()?.devices[0];
    t.equal(state?.numRunning, mode === 'inPlace' ? 2 : 0);
    t.match(state?.load, { numWaiting: mode === 'inPlace' ? 1 : 3 });

    rig.tell({ kind: 'continue' }).run();
    t.same([rig.tokensOf(1), rig.tokensOf(2)], undisturbed());
    t.equal(rig.finished.length, 3);
    t.equal(rig.finishedOf(1)?.stats.numRetractions, mode === 'retract' ? 1 : 0);
    t.end();
  });
}

t.test('the cache can be flushed after a retracting pause, not after one in place', (t) => {
  for (const mode of ['inPlace', 'retract'] as const) {
    const rig = new SchedulerRig().attach();
    rig.submit(request(1, 50, long));
    for (let i = 0; i < 8; i++) rig.step();
    rig.tell({ kind: 'pause', mode }).tell({ kind: 'flushCache', id: 1 });
    while (rig.step());
    const failure = rig.last('cacheFlushed')?.failure;
    if (mode === 'inPlace') t.match(failure, /pending requests/);
    else t.equal(failure, null);
    rig.tell({ kind: 'continue' }).run();
    t.equal(rig.tokensOf(1).length, 40, 'it ends as if nothing had been');
  }
  t.end();
});

t.test('draining ends a pause', (t) => {
  const rig = new SchedulerRig().attach();
  rig.submit(request(1, 20)).tell({ kind: 'pause', mode: 'inPlace' });
  rig.tell({ kind: 'drain' }).run();
  t.equal(rig.finished.length, 1);
  t.end();
});

t.test('what waits, what was computed and what was retracted is counted', (t) => {
  const rig = new SchedulerRig({ config: { maxRunningRequests: 1 } }).attach();
  rig.submit(request(1, 64, { first: 5 })).run();
  rig.submit(request(2, 64, { first: 5 }), request(3, 30), request(4, 20));
  rig.step();
  const load = rig.readState()?.devices[0]?.load;
  t.match(load, { numWaiting: 2, numWaitingTokens: 50, maxRunning: 1, cacheHitRate: 48 / 64 });
  t.match(load?.totals, { prefillTokens: 64 + 16, cachedTokens: 48, retractions: 0 });
  rig.tell({ kind: 'pause', mode: 'retract' });
  while (rig.step());
  t.match(rig.readState()?.devices[0]?.load, {
    numRetracted: 1,
    totals: { retractions: 1, retractedInputTokens: 64 },
  });
  t.end();
});
