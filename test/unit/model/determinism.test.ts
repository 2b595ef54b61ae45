import t from 'tap';

import { checkDecodeBits, checkPrefillBits, firstDifference } from './bit-checks.js';
import { goldenNames, latentNames, prepareGolden, readGolden } from './golden.js';
import { GraphRunner } from './run-graph.js';

for (const name of await goldenNames()) {
  t.test(`${name}: bits of a row depend on nothing but its own tokens`, async (t) => {
    const { inputIds } = await readGolden(name);
    const model = await prepareGolden(name);
    await checkPrefillBits(t, model, inputIds);
    await checkDecodeBits(t, model, inputIds);
  });
}

for (const name of await latentNames()) {
  t.test(`${name}: nor do they with keys and values of all heads`, async (t) => {
    const { inputIds } = await readGolden(name);
    const model = await prepareGolden(name, null, { expandsLatents: true });
    await checkPrefillBits(t, model, inputIds);
    await checkDecodeBits(t, model, inputIds);
  });
}

/** What a device runs at once at the most. */
const LONGEST_RUN = 256;

/**
 * The kernel sums wide heads in one piece up to 64 keys, and in two beyond: attention-rows.ts. What is added to scores is
 * as long as the keys of a run.
 */
for (const [name, numTokens] of [
  ['baichuan-alibi', 330],
  ['deepseek-v2-rank', 330],
  ['gemma2-wide', 126],
  ['gemma3n-wide', 126],
  ['gemma4-wide', 126],
  ['llama-wide', 330],
] as const) {
  t.test(`${name}: a row does not see where its run ended`, async (t) => {
    const { inputIds } = await readGolden(name);
    const tokens = Array.from({ length: numTokens }, (_, i) => inputIds[i % inputIds.length] ?? 0);
    const model = await prepareGolden(name);
    const runner = await GraphRunner.create(model, { slots: 2, maxSeq: numTokens + 2 });
    const whole = await runner.prefillInChunks(0, tokens, LONGEST_RUN);
    for (const length of [1, 20, 63, 64, 65, 66]) {
      const rows = await runner.extend(1, 0, tokens.slice(0, length), null);
      t.equal(firstDifference(rows, whole.slice(0, length)), null, `a run of ${length}`);
    }
    for (const chunk of [3, 7, 32, 63, 65]) {
      const rows = await runner.prefillInChunks(1, tokens, chunk);
      t.equal(firstDifference(rows, whole), null, `chunks of ${chunk}`);
    }
  });
}
