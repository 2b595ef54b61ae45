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
