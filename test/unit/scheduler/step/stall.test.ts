import t from 'tap';
import { expectedOutput, FAKE_GRAMMAR } from '../../../doubles/fake-device.js';
import { request, sampling, SchedulerRig } from '../../../doubles/scheduler-rig.js';

t.test('rows whose mask was late are planned again, and the answer is the same', (t) => {
  for (const promptLen of [1, 15, 16, 33]) {
    for (const maxNewTokens of [1, 2, 9]) {
      const rig = new SchedulerRig().attach();
      const input = request(1, promptLen, { grammar: FAKE_GRAMMAR, sampling: { maxNewTokens } });
      const other = request(2, promptLen, { sampling: { maxNewTokens } });
      rig.submit(input, other).run();
      for (const { num, inputIds } of [input, other]) {
        const { tokens } = expectedOutput(inputIds, sampling({ maxNewTokens }), false);
        t.same(rig.tokensOf(num), tokens, `${promptLen} + ${maxNewTokens}`);
      }
      t.match(rig.reasonOf(1), { type: 'length', length: maxNewTokens });
    }
  }
  t.end();
});

/** Pages of the first insert of a prompt with a grammar, and of all that the tree has of it in the end. */
function pagesShared(promptLen: number, grammar: typeof FAKE_GRAMMAR | null) {
  const rig = new SchedulerRig().attach();
  rig.submit(request(1, promptLen, { grammar })).run();
  const inserts = rig.ops.flatMap((op) => (op.op === 'insert' ? [op] : []));
  return {
    early: inserts.find(({ relock }) => relock)?.pages.length ?? 0,
    late: inserts.at(-1)?.pages.length,
  };
}

t.test('a prompt whose last row may be computed again keeps the page of it for itself', (t) => {
  t.same(pagesShared(48, FAKE_GRAMMAR), { early: 2, late: 3 }, 'until it ends');
  t.same(pagesShared(16, FAKE_GRAMMAR), { early: 0, late: 1 });
  t.same(pagesShared(49, FAKE_GRAMMAR), { early: 3, late: 3 }, 'the last row lies behind them');
  t.same(pagesShared(48, null), { early: 3, late: 3 }, 'without a grammar none comes again');
  t.end();
});
