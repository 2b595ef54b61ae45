import { readdir } from 'node:fs/promises';
import t from 'tap';
import { samplingOf } from '../fixtures.js';
import {
  ALL_LOGPROBS,
  bitsOf,
  decodeOf,
  fixtureFolder,
  Harness,
  newStory,
  openOf,
  prefillOf,
  promptOf,
  record,
  runAlone,
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
    const mates = [0, 1, 2, 4].map((slot) => promptOf(3 + slot * 9, model.spec.vocabSize, slot));
    const opens = [0, 1, 2, 4].map((slot, i) => openOf(slot, mates[i]?.length ?? 0));
    const prefill = [0, 1, 2, 4].map((slot, i) => {
      const own = mates[i] ?? prompt;
      return prefillOf(slot, own, 0, own.length);
    });
    opens.push(openOf(3, 37, { sampling: SAMPLING, logprobs: ALL_LOGPROBS }));
    prefill.push(prefillOf(3, prompt, 0, 37));
    const story = newStory();
    record(story, await harness.run({ opens, prefill }), 4);
    for (let i = 1; i < 8; i++) {
      record(story, await harness.run({ decode: decodeOf(4, 0, 3, 1, 2) }), 2);
    }
    t.equal(bitsOf(story), expected, 'in a batch of five');
    await harness.release();
  });
}
