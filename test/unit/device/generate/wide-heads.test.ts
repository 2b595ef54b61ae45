import t from 'tap';
import { ON_CPU } from '../../../../src/model/target.js';
import { samplingOf } from '../fixtures.js';
import { bitsOf, Harness, promptOf, runAlone, runAmongFive, tinyModel } from '../runner-harness.js';

/**
 * Heads wider than 128: the product of scores is summed in pieces where a run has 65 keys, and in one below, which no row
 * may notice (docs/decisions/0001-even-prefill-runs.md).
 */
const SAMPLING = samplingOf({ maxNewTokens: 40 });

for (const name of ['llama-wide', 'gemma3-wide']) {
  for (const kvCacheDtype of ['fp32', 'int8'] as const) {
    t.test(`${name}, K and V in ${kvCacheDtype}`, async (t) => {
      const model = await tinyModel(name, { ...ON_CPU, kvCacheDtype });
      const { vocabSize } = model.spec;
      const harness = await Harness.create(model);
      t.teardown(() => harness.release());
      for (const length of [20, 66, 88]) {
        const prompt = promptOf(length, vocabSize, 3);
        const expected = bitsOf(await runAlone(harness, { slot: 0, prompt, sampling: SAMPLING }));
        const ends = [1, 7, 32, 63, 64, 65, 87].filter((cut) => cut < length);
        for (const cuts of [[], ...ends.map((cut) => [cut]), ends]) {
          const run = { slot: 3, prompt, sampling: SAMPLING, cuts: [0, ...cuts, length] };
          t.equal(bitsOf(await runAlone(harness, run)), expected, `${length}: ${cuts.join(' ')}`);
        }
        const mateOf = (slot: number) => promptOf(3 + slot * 24, vocabSize, slot);
        const story = await runAmongFive(harness, { prompt, sampling: SAMPLING }, mateOf);
        t.equal(bitsOf(story), expected, `${length}: in a batch of five`);
      }
    });
  }
}
