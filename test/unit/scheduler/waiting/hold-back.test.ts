import t from 'tap';
import type { StepPlan } from '../../../../src/core/batch.js';
import type { ReqInput } from '../../../../src/messages.js';
import { FAKE_GRAMMAR } from '../../../doubles/fake-device.js';
import { request, SchedulerRig } from '../../../doubles/scheduler-rig.js';

/** The first `numShared` tokens are the same for every `num`; the rest is its own. */
function sharing(num: number, numShared: number, promptLen: number): ReqInput {
  const own = request(num, promptLen - numShared, { first: 100 + 30 * num }).inputIds;
  const inputIds = Int32Array.from([...request(0, numShared, { first: 3 }).inputIds, ...own]);
  return { ...request(num, promptLen), inputIds };
}

const prefillTokens = (plan: StepPlan | undefined): number[] =>
  plan?.prefill.map(({ tokens }) => tokens.length) ?? [];

t.test('of two prompts with a common prefix that fit into one step, one computes it', (t) => {
  const rig = new SchedulerRig().attach();
  rig.submit(sharing(1, 90, 100), sharing(2, 90, 100));
  rig.run();
  const steps = rig.plans.map(prefillTokens).filter(({ length }) => length > 0);
  t.same(steps, [[100], [20]], 'five whole pages are shared');
  t.equal(rig.finishedOf(2)?.stats.cachedTokens, 80);
  t.end();
});

t.test('who is held back keeps nobody behind it from starting', (t) => {
  const rig = new SchedulerRig().attach();
  rig.submit(sharing(1, 90, 100), sharing(2, 90, 100), request(3, 40, { first: 150 }));
  t.same(prefillTokens(rig.plans[0]), [100, 40]);
  t.end();
});

t.test(
  'a longer prompt in prefill holds a shorter one back, but not for less than 32 tokens',
  (t) => {
    const start = (numShared: number) => {
      const rig = new SchedulerRig({ config: { chunkedPrefillSize: 64 } }).attach();
      rig.submit(sharing(1, numShared, 60), sharing(2, numShared, 50));
      return prefillTokens(rig.plans[0]).length;
    };
    t.equal(start(31), 2);
    t.equal(start(32), 1);
    t.end();
  },
);

t.test('nobody waits for the page of a row that may be computed again', (t) => {
  const start = (parts: Partial<ReqInput>) => {
    const rig = new SchedulerRig().attach();
    rig.submit({ ...sharing(1, 32, 32), ...parts }, sharing(2, 32, 50));
    return prefillTokens(rig.plans[0]).length;
  };
  t.equal(start({}), 1);
  t.equal(start({ grammar: FAKE_GRAMMAR }), 2, 'one page is left, less than 32 tokens');
  t.end();
});

t.test('those held back are matched in the turn that gives the prefix to the tree', (t) => {
  const rig = new SchedulerRig().attach();
  rig.submit(sharing(1, 90, 100), sharing(2, 90, 100));
  const turn = rig.opMessages.find((ops) => ops.some(({ op }) => op === 'insert'));
  t.match(
    turn?.filter(({ op }) => op === 'insert' || op === 'match'),
    [
      { op: 'insert', num: 1 },
      { op: 'match', num: 2 },
    ],
  );
  t.end();
});

t.test('a prompt that is retracted half-way is computed once for both all the same', (t) => {
  const rig = new SchedulerRig({ config: { chunkedPrefillSize: 64 } }).attach();
  rig.submit(request(1, 300, { first: 3 }), request(2, 300, { first: 3 }));
  rig.tell({ kind: 'pause', mode: 'retract' });
  while (rig.step());
  rig.tell({ kind: 'continue' }).run();
  t.same(
    rig.finished.map(({ num }) => num),
    [1, 2],
  );
  const numRows = rig.plans.flatMap(prefillTokens).reduce((sum, rows) => sum + rows, 0);
  t.equal(numRows, 300 + 12, '18 whole pages are shared');
  t.end();
});
