import t from 'tap';
import type { RecordPass } from '../../../src/messages.js';
import { request, SchedulerRig } from '../../doubles/scheduler-rig.js';

const start = { kind: 'recordExperts', id: 1, action: 'start' } as const;

function passesOf(rig: SchedulerRig): RecordPass[] {
  return rig.ops.filter((op) => op.op === 'pass');
}

function numRows(rig: SchedulerRig): number {
  return passesOf(rig).reduce((sum, { routing }) => sum + routing.positions.length, 0);
}

t.test('retracted requests count each row once', (t) => {
  const rig = new SchedulerRig({
    limits: { numPages: 20, pageSizeTokens: 4, numSlots: 4 },
    config: { scheduleConservativeness: 0.001, deterministic: true },
  }).attach();
  rig.tell(start);
  for (const num of [0, 1, 2, 3]) {
    rig.submit(request(num, 12, { first: 50 * num, sampling: { maxNewTokens: 30 } }));
  }
  rig.run();
  t.ok(rig.finished.some(({ stats }) => stats.numRetractions > 0));
  t.equal(numRows(rig), 4 * (12 + 30 - 1));
  t.end();
});

t.test(
  'rows that a retracted request computes again count nothing, recorded before or not',
  (t) => {
    const rig = new SchedulerRig({ config: { deterministic: true } }).attach();
    rig.submit(request(1, 40, { sampling: { maxNewTokens: 20 } })).stepUntil(1, 8);
    rig.tell({ kind: 'pause', mode: 'retract' });
    while (rig.step());
    const numBefore = 40 + rig.tokensOf(1).length - 1;
    rig.tell(start).tell({ kind: 'continue' }).run();
    t.equal(numRows(rig), 40 + 20 - 1 - numBefore);
    t.end();
  },
);

t.test('a request that a device took with it counts each row once', (t) => {
  const rig = new SchedulerRig().attach();
  rig.tell(start).submit(request(1, 40, { sampling: { maxNewTokens: 8 } }));
  for (let i = 0; i < 4; i++) rig.step();
  const device = { rank: 0, generation: 0 };
  rig.tell({ kind: 'deviceDown', device, message: 'gone' }).attach(0, 1).run();
  t.equal(rig.reasonOf(1)?.type, 'length');
  t.equal(numRows(rig), 40 + 8 - 1);
  t.end();
});

t.test(
  'prefix hits, rows of aborted requests and steps outside of a recording count nothing',
  (t) => {
    const rig = new SchedulerRig().attach();
    rig.submit(request(1, 40)).run();
    t.equal(numRows(rig), 0);
    t.notOk(rig.plans.some((plan) => plan.recordsExperts));
    rig
      .tell(start)
      .submit(request(2, 40, { first: 1 }))
      .run();
    const cached = rig.finishedOf(2)?.stats.cachedTokens ?? 0;
    t.equal(cached, 32);
    t.equal(numRows(rig), 40 - cached + 8 - 1);
    rig.submit(request(3, 60, { first: 100 }));
    rig.tell({ kind: 'abort', num: 3, ridPrefix: '', all: false, message: null }).run();
    t.equal(numRows(rig), 40 - cached + 8 - 1);
    rig.tell({ kind: 'recordExperts', id: 2, action: 'stop' });
    rig.tell({ kind: 'recordExperts', id: 3, action: 'stop' });
    t.ok(rig.logs.some((line) => line.includes('is not being recorded')));
    rig.submit(request(4, 30, { first: 150 })).run();
    t.equal(numRows(rig), 40 - cached + 8 - 1);
    t.end();
  },
);

t.test('texts of an embedding model count whole, but for those that nobody waits for', (t) => {
  const rig = new SchedulerRig().attach();
  const text = (num: number, tokens: readonly number[]) =>
    ({ num, rid: `text-${num}`, tokens: Int32Array.from(tokens), tokenTypes: null }) as const;
  rig.submitEmbed(text(1, [7, 8]));
  t.equal(rig.embedPlans.at(-1)?.recordsExperts, false);
  rig.run();
  rig.tell(start).submitEmbed(text(2, [5]), text(3, [6, 7]));
  const plan = rig.embedPlans.at(-1);
  t.equal(plan?.recordsExperts, true);
  t.same(
    plan?.sequences.map(({ tokens }) => [...tokens]),
    [[6, 7], [5]],
  );
  rig.tell({ kind: 'abort', num: 2, ridPrefix: '', all: false, message: null });
  const routing = {
    planRows: Int32Array.of(0, 0, 1),
    positions: Int32Array.of(0, 1, 0),
    tokens: Int32Array.of(6, 7, 5),
    experts: Uint16Array.of(1, 2, 3),
  };
  const vectors = Float32Array.of(1, 2, 3, 4);
  const shape = { step: plan?.step ?? 0, dim: 2, isPerToken: false, computeUs: 0, startMs: 0 };
  const result = { ...shape, vectors, routing };
  rig.scheduler.receiveFromDevice({ rank: 0, generation: 0 }, { kind: 'embedDone', result });
  rig.tell({ ...start, action: 'stop' });
  const [pass] = passesOf(rig);
  t.match(pass, { rank: 0, numPrefillRows: 2, routing: { tokens: Int32Array.of(6, 7) } });
  t.same(pass?.routing.experts, Uint16Array.of(1, 2));
  t.end();
});
