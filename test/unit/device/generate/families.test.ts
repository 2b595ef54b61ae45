import { readdir } from 'node:fs/promises';
import t from 'tap';
import { samplingOf } from '../fixtures.js';
import {
  bitsOf,
  fixtureFolder,
  Harness,
  promptOf,
  runAlone,
  runAmongFive,
  tinyModel,
} from '../runner-harness.js';

const SAMPLING = samplingOf({ maxNewTokens: 8 });

for (const name of await readdir(fixtureFolder('.'))) {
  t.test(`${name}: chunks and batch mates change no bit`, async (t) => {
    const model = await tinyModel(name);
    const harness = await Harness.create(model);
    const prompt = promptOf(37, model.spec.vocabSize, 2);
    const expected = bitsOf(await runAlone(harness, { slot: 0, prompt, sampling: SAMPLING }));
    for (const cuts of [
      [0, 36, 37],
      [0, 5, 12, 37],
    ]) {
      const story = await runAlone(harness, { slot: 3, prompt, sampling: SAMPLING, cuts });
      t.equal(bitsOf(story), expected, cuts.join(' '));
    }
    const mateOf = (slot: number) => promptOf(3 + slot * 9, model.spec.vocabSize, slot);
    const story = await runAmongFive(harness, { prompt, sampling: SAMPLING }, mateOf);
    t.equal(bitsOf(story), expected, 'in a batch of five');
    await harness.release();
  });
}
