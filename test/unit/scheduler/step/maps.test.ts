import t from 'tap';
import type { StepPlan } from '../../../../src/core/batch.js';
import { expectedOutput } from '../../../doubles/fake-device.js';
import { request, SchedulerRig } from '../../../doubles/scheduler-rig.js';

/** 20 pages of 4 tokens. Prompts that share less than 32 tokens are computed beside each other. */
const LIMITS = { numPages: 20, pageSizeTokens: 4, numSlots: 4 };
const HOPEFUL = { scheduleConservativeness: 0.001 };

/** `[slot, fromPage, pages]` of what a step tells. */
const mapsOf = (plan: StepPlan | undefined) =>
  plan?.maps.map(({ slot, fromPage, pages }) => [slot, fromPage, [...pages]] as const) ?? [];

/** All pages of each slot once the plans were run, of requests that stay. */
function tablesAfter(plans: readonly StepPlan[]): readonly (readonly number[])[] {
  const tables: number[][] = [];
  for (const [slot, fromPage, pages] of plans.flatMap(mapsOf)) {
    (tables[slot] ??= []).splice(fromPage, pages.length, ...pages);
  }
  return tables;
}

t.test('the step that opens a slot tells all its pages, those of the match first', (t) => {
  const rig = new SchedulerRig({ limits: LIMITS }).attach();
  const options = { first: 5, sampling: { maxNewTokens: 1 } };
  rig.submit(request(1, 14, options)).run();
  rig.submit(request(2, 14, options));
  const [first, second] = rig.plans.filter(({ opens }) => opens.length > 0);
  t.match(mapsOf(first), [[0, 0, { length: 4 }]]);
  const [[slot, fromPage, pages] = [], ...more] = mapsOf(second);
  t.same([slot, fromPage, pages?.length, more], [second?.opens[0]?.slot, 0, 4, []]);
  t.same(pages?.slice(0, 3), mapsOf(first)[0]?.[2].slice(0, 3), 'of the tree');
  t.same(pages?.slice(0, 3), [...(second?.loads[0]?.pages ?? [])]);
  t.end();
});

t.test('a step tells of a new page where a row needs one, and of nothing else', (t) => {
  const rig = new SchedulerRig({ limits: LIMITS }).attach();
  rig.submit(request(1, 6, { sampling: { maxNewTokens: 9 } })).run();
  const told = rig.plans.map((plan) => mapsOf(plan).map(([, fromPage]) => fromPage));
  // Rows 0 to 5 in the first step, then one each.
  t.same(told, [[0], [], [], [2], [], [], [], [3], [], []].slice(0, told.length));
  t.equal(told.flat().length, 3);
  t.end();
});

t.test('of two equal prompts at once one goes on with the pages of the other', (t) => {
  const rig = new SchedulerRig({ limits: LIMITS }).attach();
  rig.submit(request(0, 9, { first: 5, sampling: { maxNewTokens: 1 } })).run();
  const numBefore = rig.plans.length;
  const reqs = [1, 2].map((num) =>
    request(num, 21, { first: 5, sampling: { maxNewTokens: 6, seed: num } }),
  );
  rig.submit(...reqs);
  const opening = rig.plans[numBefore];
  t.equal(opening?.prefill.length, 2, 'both compute it');
  const [[, , kept] = [], [slot, , own] = []] = mapsOf(opening);
  t.same(own?.slice(0, 2), kept?.slice(0, 2), 'what was cached before');
  rig.step();
  const swap = mapsOf(rig.plans[numBefore + 2]);
  t.same(swap, [[slot, 2, kept?.slice(2, 5)]], 'pages that did not change are not told');
  rig.run();
  for (const { num, inputIds, sampling } of reqs) {
    t.same(rig.tokensOf(num), expectedOutput(inputIds, sampling, false).tokens);
  }
  t.end();
});

t.test('a swap and a new page in one step are two maps', (t) => {
  const rig = new SchedulerRig({ limits: LIMITS }).attach();
  const options = { first: 5, sampling: { maxNewTokens: 6 } };
  rig.submit(request(1, 15, options), request(2, 15, options));
  rig.step();
  const [grown, ...swapped] = mapsOf(rig.plans[2]).filter(([slot]) => slot === 0);
  t.match([grown, swapped], [[0, 4, { length: 1 }], []], 'the first one only grows');
  t.match(
    mapsOf(rig.plans[2]).filter(([slot]) => slot === 1),
    [
      [1, 0, { length: 3 }],
      [1, 4, { length: 1 }],
    ],
  );
  const [first, second] = tablesAfter(rig.plans);
  t.same(first?.slice(0, 3), second?.slice(0, 3));
  rig.run();
  t.end();
});

t.test('a seat without rows is told of its swap when another gets the pages that it had', (t) => {
  const rig = new SchedulerRig({ limits: LIMITS, config: HOPEFUL }).attach();
  const options = { first: 5, sampling: { maxNewTokens: 2 } };
  rig.submit(request(1, 12, options), request(2, 12, options));
  const [, second] = tablesAfter(rig.plans);
  rig.submit(request(3, 52, { first: 90, sampling: { maxNewTokens: 1 } }));
  rig.step();
  const plan = rig.plans[2];
  t.same([plan?.decode.length, plan?.prefill.map(({ slot }) => slot)], [0, [2]]);
  const [[slot, fromPage, swapped] = [], [other, , given] = []] = mapsOf(plan);
  t.same([slot, fromPage, other], [1, 0, 2]);
  t.same(swapped, tablesAfter(rig.plans)[0]?.slice(0, 3));
  const both = given?.filter((page) => second?.slice(0, 3).includes(page)) ?? [];
  t.ok(both.length > 0, 'pages that the seat had until this step');
  rig.run();
  t.equal(rig.finished.length, 3);
  t.end();
});

t.test('a retracted seat that waits for its last rows is told too', (t) => {
  const rig = new SchedulerRig({ limits: LIMITS }).attach();
  const options = { first: 5, sampling: { maxNewTokens: 9 } };
  rig.submit(request(1, 12, options), request(2, 12, options), request(3, 6, { first: 90 }));
  rig.tell({ kind: 'pause', mode: 'retract' }).tell({ kind: 'continue' });
  rig.submit(request(4, 6, { first: 120 }));
  rig.step();
  t.match(mapsOf(rig.plans[2])[0], [1, 0, { length: 3 }], 'with the first step that is posted');
  rig.run();
  t.equal(rig.finished.length, 4);
  t.end();
});

t.test('who resumes is told all its pages anew', (t) => {
  const rig = new SchedulerRig({ limits: LIMITS }).attach();
  const req = request(1, 14, { sampling: { maxNewTokens: 20 } });
  rig.submit(req).stepUntil(1, 8);
  rig.tell({ kind: 'pause', mode: 'retract' });
  while (rig.step());
  rig.tell({ kind: 'continue' });
  const again = rig.plans.find(({ opens }) => opens.some((open) => open.priorOutputIds.length > 0));
  const [[, fromPage, pages] = [], ...more] = mapsOf(again);
  t.same([fromPage, more], [0, []]);
  t.same(pages?.slice(0, -1), [...(again?.loads[0]?.pages ?? [])], 'and those it had are loaded');
  rig.run();
  t.same(rig.tokensOf(1), expectedOutput(req.inputIds, req.sampling, false).tokens);
  t.end();
});

t.test('no step is posted to tell of pages alone', (t) => {
  const rig = new SchedulerRig({ limits: LIMITS }).attach();
  const options = { first: 5, sampling: { maxNewTokens: 6 } };
  rig.submit(request(1, 12, options), request(2, 12, options));
  rig.tell({ kind: 'pause', mode: 'inPlace' });
  while (rig.step());
  t.equal(rig.plans.length, 2);
  rig.tell({ kind: 'continue' });
  t.match(mapsOf(rig.plans[2])[0], [1, 0, { length: 3 }], 'the next one does');
  rig.run();
  t.end();
});
