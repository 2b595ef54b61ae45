import t from 'tap';

import { checkDecodeBits, checkPrefillBits, firstDifference } from './bit-checks.js';
import { goldenNames, prepareGolden, readGolden } from './golden.js';
import { GraphRunner } from './run-graph.js';

for (const name of await goldenNames()) {
  t.test(`${name}: bits of a row depend on nothing but its own tokens`, async (t) => {
    const { inputIds } = await readGolden(name);
    const model = await prepareGolden(name);
    await checkPrefillBits(t, model, inputIds);
    await checkDecodeBits(t, model, inputIds);
  });
}

/** The kernel sums wide heads in one piece up to 64 keys, and in two beyond: attention-rows.ts. */
t.test('heads wider than 128: a row does not see where its run ended', async (t) => {
  const { inputIds } = await readGolden('gemma2-wide');
  const tokens = [...inputIds, ...inputIds].slice(0, 70);
  const model = await prepareGolden('gemma2-wide');
  const runner = await GraphRunner.create(model, { slots: 2, maxSeq: 72 });
  const whole = await runner.extend(0, 0, tokens, null);
  for (const length of [1, 20, 63, 64, 65, 66]) {
    const rows = await runner.extend(1, 0, tokens.slice(0, length), null);
    t.equal(firstDifference(rows, whole.slice(0, length)), null, `a run of ${length}`);
  }
  for (const chunk of [3, 32]) {
    const rows = await runner.prefillInChunks(1, tokens, chunk);
    t.equal(firstDifference(rows, whole), null, `chunks of ${chunk}`);
  }
});
