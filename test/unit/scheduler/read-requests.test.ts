import t from 'tap';

import type { RequestsRead } from '../../../src/messages.js';
import { TOLD_MAX } from '../../../src/scheduler/read-requests.js';
import { request, SchedulerRig } from '../../doubles/scheduler-rig.js';

function read(rig: SchedulerRig): RequestsRead {
  rig.tell({ kind: 'readRequests', id: 7 });
  const last = rig.toMain.at(-1);
  if (last?.kind !== 'requestsRead') throw new Error('not answered in its turn');
  return last;
}

t.test('says who waits and who runs, and how far', (t) => {
  const rig = new SchedulerRig({ config: { chunkedPrefillSize: 16 }, limits: { numSlots: 1 } });
  rig.attach().submit(request(1, 40, { sampling: { maxNewTokens: 8 } }), request(2, 20));
  t.match(read(rig), {
    id: 7,
    numWaiting: 1,
    numRunning: 1,
    waiting: [{ num: 2, numRetractions: 0 }],
    running: [{ num: 1, tree: '0:0', phase: 'prefill', numPrefilled: 32, cachedTokens: 0 }],
  });
  while (read(rig).running[0]?.phase === 'prefill') rig.step();
  t.match(read(rig).running, [{ num: 1, phase: 'decode', numPrefilled: 40 }]);
  rig.run();
  t.match(read(rig), { numWaiting: 0, numRunning: 0, waiting: [], running: [] });
  rig.submit(request(3, 40, { first: 1 }));
  const [again] = read(rig).running;
  t.ok((again?.cachedTokens ?? 0) >= 32, 'what came from the cache');
  t.end();
});

t.test('texts of an embedding model', (t) => {
  const rig = new SchedulerRig({ config: { chunkedPrefillSize: 10_000 } }).attach();
  rig.submitEmbed(
    ...[1, 2, 3].map((num) => ({
      num,
      rid: String(num),
      tokens: new Int32Array(9000),
      tokenTypes: null,
    })),
  );
  const told = read(rig);
  t.match(told, { numWaiting: 1, numRunning: 2, waiting: [{ num: 3, tree: null }] });
  t.match(told.running[0], { num: 1, tree: '0:0', phase: 'prefill', numPrefilled: 9000 });
  t.end();
});

t.test('of very many those that come next are told, and how many there are', (t) => {
  const rig = new SchedulerRig();
  rig.submit(...Array.from({ length: TOLD_MAX + 50 }, (_, i) => request(i + 1, 8)));
  const told = read(rig);
  t.equal(told.numWaiting, TOLD_MAX + 50);
  t.same(
    told.waiting.map(({ num }) => num),
    Array.from({ length: TOLD_MAX }, (_, i) => i + 1),
  );
  t.end();
});
