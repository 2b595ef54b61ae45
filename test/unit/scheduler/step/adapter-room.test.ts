import t from 'tap';
import { request, SchedulerRig } from '../../../doubles/scheduler-rig.js';

/** In which order requests with these adapters begin. */
function begun(adapters: readonly number[], maxLorasPerBatch: number): number[] {
  const rig = new SchedulerRig({ config: { maxLorasPerBatch } }).attach();
  for (const [num, adapter] of adapters.entries()) {
    const req = request(num + 1, 8, { first: 20 * num, sampling: { maxNewTokens: 6 } });
    rig.submit({ ...req, ...(adapter > 0 && { adapter }) });
  }
  rig.run();
  return rig.plans.flatMap((plan) => plan.opens.map((open) => open.adapter ?? 0));
}

t.test('no more adapters run at once than may, and nobody is passed by', (t) => {
  t.same(begun([1, 2, 3, 0, 1, 2], 8), [1, 2, 3, 0, 1, 2]);
  t.same(begun([1, 2, 3, 0, 1, 2], 2), [1, 2, 0, 3, 1, 2], 'behind 3 only who has none');
  t.same(begun([1, 2, 0, 3], 1), [1, 0, 2, 3]);
  t.end();
});
