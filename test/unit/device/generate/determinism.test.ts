import t from 'tap';
import type { SamplingParams } from '../../../../src/core/sampling-params.js';
import { openSampling, samplingOf } from '../fixtures.js';
import {
  ALL_LOGPROBS,
  bitsOf,
  decodeOf,
  Harness,
  newStory,
  openOf,
  PAGE,
  prefillOf,
  promptOf,
  record,
  runAlone,
  tinyModel,
} from '../runner-harness.js';

const model = await tinyModel('llama-plain');
const { vocabSize } = model.spec;
const harness = await Harness.create(model);
t.teardown(() => harness.release());

const PROMPT = promptOf(37, vocabSize, 1);
/** Every random draw and every count takes part. */
const SAMPLED: Partial<SamplingParams> = openSampling({
  maxNewTokens: 20,
  temperature: 1.3,
  topP: 0.95,
  frequencyPenalty: 0.4,
  repetitionPenalty: 1.2,
  seed: 77,
  seedHigh: 0,
});
const GREEDY = samplingOf({ maxNewTokens: 20 });

// Before the first test: the tests below share the harness, one after the other.
const CASES = [
  {
    name: 'greedy',
    sampling: GREEDY,
    alone: await runAlone(harness, { slot: 0, prompt: PROMPT, sampling: GREEDY }),
  },
  {
    name: 'sampled with penalties',
    sampling: SAMPLED,
    alone: await runAlone(harness, { slot: 0, prompt: PROMPT, sampling: SAMPLED }),
  },
];

for (const { name, sampling, alone } of CASES) {
  const expected = bitsOf(alone);

  t.test(`${name}: a run has all its tokens and log-probabilities`, (t) => {
    t.equal(alone.tokens.length, 20);
    t.equal(alone.logprobs.filter((row) => row.part === 'prompt').length, PROMPT.length - 1);
    t.equal(alone.logprobs.filter((row) => row.part === 'output').length, 20);
    t.end();
  });

  t.test(`${name}: slot and thread count change no bit`, async (t) => {
    t.equal(bitsOf(await runAlone(harness, { slot: 5, prompt: PROMPT, sampling })), expected);
    const twoThreads = await Harness.create(model, 2);
    t.equal(bitsOf(await runAlone(twoThreads, { slot: 1, prompt: PROMPT, sampling })), expected);
    await twoThreads.release();
  });

  t.test(`${name}: chunks of any size change no bit`, async (t) => {
    for (const cuts of [
      [0, 1, 37],
      [0, 36, 37],
      [0, 5, 12, 37],
      [0, 16, 32, 37],
      [0, 1, 2, 3, 37],
    ]) {
      const story = await runAlone(harness, { slot: 2, prompt: PROMPT, sampling, cuts });
      t.equal(bitsOf(story), expected, cuts.join(' '));
    }
  });

  t.test(`${name}: batch mates that come and go change no bit`, async (t) => {
    const story = newStory();
    const mates = [0, 1, 3, 4, 5];
    const other = (slot: number) => promptOf(5 + slot * 11, vocabSize, slot);
    const opens = mates.map((slot) =>
      openOf(slot, other(slot).length, { sampling: openSampling({ maxNewTokens: 4 + slot * 3 }) }),
    );
    const prefill = mates.map((slot) => prefillOf(slot, other(slot), 0, other(slot).length));
    await harness.run({ opens, prefill });
    const open = openOf(2, PROMPT.length, {
      sampling: samplingOf(sampling),
      logprobs: ALL_LOGPROBS,
    });
    const first = {
      opens: [open],
      prefill: [prefillOf(2, PROMPT, 0, 37)],
      decode: decodeOf(...mates),
    };
    record(story, await harness.run(first), 0);
    while (story.tokens.length < 20) {
      record(story, await harness.run({ decode: decodeOf(5, 2, ...mates.slice(0, 4)) }), 1);
    }
    await harness.run({ frees: [2, ...mates] });
    t.equal(bitsOf(story), expected);
  });

  t.test(`${name}: a prefix from pages changes no bit`, async (t) => {
    const pages = Int32Array.from({ length: 9 }, (_, i) => 100 - i * 7);
    const stores = [{ slot: 1, fromToken: 0, pages }];
    const prefill = [prefillOf(1, PROMPT, 0, 37)];
    await harness.run({ opens: [openOf(1, 37)], prefill, stores, frees: [1] });
    const open = openOf(4, 37, {
      sampling: samplingOf(sampling),
      logprobs: { ...ALL_LOGPROBS, startLen: 37 },
    });
    const outputs = alone.logprobs.filter((row) => row.part === 'output');
    for (const numPages of [9, 5]) {
      const numTokens = numPages * PAGE;
      const loads = [{ slot: 4, numTokens, pages: pages.subarray(0, numPages) }];
      const story = newStory();
      const rest = [prefillOf(4, PROMPT, numTokens, 37)];
      record(story, await harness.run({ opens: [open], loads, prefill: rest }), 0);
      while (story.tokens.length < 20) record(story, await harness.run({ decode: decodeOf(4) }), 0);
      await harness.run({ frees: [4] });
      t.equal(bitsOf(story), bitsOf({ ...alone, logprobs: outputs }), `${numTokens} tokens cached`);
    }
  });

  t.test(`${name}: a retracted request that replays its outputs changes no bit`, async (t) => {
    const numPrior = 8;
    const priorOutputIds = Int32Array.from(alone.tokens.slice(0, numPrior));
    const opens = [
      openOf(3, 37, {
        sampling: samplingOf(sampling),
        priorOutputIds,
        logprobs: { ...ALL_LOGPROBS, startLen: 37 },
      }),
    ];
    const prefill = [{ ...prefillOf(3, PROMPT, 0, 37), sample: false }];
    await harness.run({ opens, prefill });
    const story = newStory();
    for (const [i, token] of priorOutputIds.entries()) {
      const emit = i === numPrior - 1 ? 1 : 0;
      record(story, await harness.run({ decode: Int32Array.of(3, token, emit) }), 0);
    }
    while (story.tokens.length < 20 - numPrior) {
      record(story, await harness.run({ decode: decodeOf(3) }), 0);
    }
    await harness.run({ frees: [3] });
    const rest = alone.logprobs.filter((row) => row.part === 'output' && row.position >= numPrior);
    t.equal(
      bitsOf(story),
      bitsOf({ ...story, tokens: alone.tokens.slice(numPrior), logprobs: rest }),
    );
  });
}
