/** Rows on pages: shared, swapped, kept of what was cancelled or retracted, at the end of the context. */
import type { Test } from 'tap';
import { samplingOf } from '../../unit/device/fixtures.js';
import {
  ALL_LOGPROBS,
  decodeOf,
  newStory,
  openOf,
  prefillOf,
  promptOf,
  record,
  runAlone,
  type Story,
} from '../../unit/device/runner-harness.js';
import { expectSame, type Bench, type Check } from './bench.js';
import { CONTEXT, PAGE, type DeviceRig } from './rig.js';

const LENGTH = 100;
const GREEDY = { maxNewTokens: 10 };
/** Outputs alone: what a page holds is not scored again. */
const OUTPUT_LOGPROBS = { ...ALL_LOGPROBS, startLen: LENGTH };
const KEPT = { kept: ['repeats', 'chunks', 'batches'] } as const;

function outputsOf({ tokens, flags, logprobs }: Story, from = 0): Story {
  const isOutput = (row: Story['logprobs'][number]): boolean =>
    row.part === 'output' && row.position >= from;
  return {
    tokens: tokens.slice(from),
    flags: flags.slice(from),
    logprobs: logprobs.filter(isOutput),
  };
}

function openGreedy(slot: number) {
  return openOf(slot, LENGTH, { sampling: samplingOf(GREEDY), logprobs: OUTPUT_LOGPROBS });
}

/** Computes a prompt and stores its first page. */
async function storePage(rig: DeviceRig, slot: number, prompt: Int32Array): Promise<StoredPage> {
  const story = newStory();
  const prefill = [prefillOf(slot, prompt, 0, LENGTH)];
  record(story, await rig.run({ opens: [openGreedy(slot)], prefill }), 0);
  const pages = rig.pagesOf(slot).slice(0, 1);
  await rig.run({ stores: [{ slot, fromToken: 0, pages }] });
  return { story, pages };
}

interface StoredPage {
  readonly story: Story;
  readonly pages: Int32Array;
}

const prefixHit: Check = async (t, bench) => {
  const { rig } = bench;
  const prompt = promptOf(LENGTH, rig.spec.vocabSize, 1);
  const other = promptOf(LENGTH, rig.spec.vocabSize, 2);
  other.set(prompt.subarray(0, PAGE));
  const alone = [prompt, other].map((tokens) => ({ slot: 0, prompt: tokens, sampling: GREEDY }));
  const expected = [];
  for (const ask of alone) expected.push(outputsOf(await runAlone(rig, ask)));
  const { story: first, pages } = await storePage(rig, 1, prompt);
  const second = newStory();
  const runs = await rig.runsOf(async () => {
    const loads = [{ slot: 4, numTokens: PAGE, pages }];
    const prefill = [prefillOf(4, other, PAGE, LENGTH)];
    record(second, await rig.run({ opens: [openGreedy(4)], loads, prefill }), 0);
  });
  t.same(
    runs.map(({ slots, positions, numRows }) => [slots, positions, numRows]),
    [[[4], [PAGE], LENGTH - PAGE]],
    'the rest alone is computed, once',
  );
  // Both write rows behind the shared page, in turns and together.
  for (const slots of [[1], [1], [4], [4, 1], [1, 4], [4]]) {
    const result = await rig.run({ decode: decodeOf(...slots) });
    slots.forEach((slot, planRow) => {
      record(slot === 1 ? first : second, result, planRow);
    });
  }
  while (second.tokens.length < 10) {
    const result = await rig.run({ decode: decodeOf(1, 4) });
    record(first, result, 0);
    record(second, result, 1);
  }
  await rig.run({ frees: [1, 4] });
  for (const [i, story] of [first, second].entries()) {
    expectSame(t, bench, [story, expected[i] ?? newStory()], { ...KEPT, message: `slot ${i}` });
  }
  await thirdHit(t, bench, { pages, other, expected: expected[1] ?? newStory() });
  rig.forget(pages);
};

/** When both have gone and others had their pages, the stored page is what it was. */
async function thirdHit(t: Test, bench: Bench, hit: Hit): Promise<void> {
  const { rig } = bench;
  const stranger = promptOf(CONTEXT, rig.spec.vocabSize, 9);
  for (const slot of [0, 1]) {
    await rig.run({
      opens: [openOf(slot, CONTEXT)],
      prefill: [prefillOf(slot, stranger, 0, CONTEXT)],
    });
  }
  await rig.run({ frees: [0, 1] });
  const story = newStory();
  const loads = [{ slot: 3, numTokens: PAGE, pages: hit.pages }];
  const prefill = [prefillOf(3, hit.other, PAGE, LENGTH)];
  record(story, await rig.run({ opens: [openGreedy(3)], loads, prefill }), 0);
  while (story.tokens.length < 10) record(story, await rig.run({ decode: decodeOf(3) }), 0);
  await rig.run({ frees: [3] });
  expectSame(t, bench, [story, hit.expected], { ...KEPT, message: 'a later hit' });
}

interface Hit {
  readonly pages: Int32Array;
  readonly other: Int32Array;
  readonly expected: Story;
}

/** In the very step that swaps them another seat writes the pages that were given up. */
const swap: Check = async (t, bench) => {
  const { rig } = bench;
  const prompt = promptOf(LENGTH, rig.spec.vocabSize, 5);
  const expected = outputsOf(await runAlone(rig, { slot: 0, prompt, sampling: GREEDY }));
  const { pages: stored } = await storePage(rig, 0, prompt);
  const story = newStory();
  record(
    story,
    await rig.run({ opens: [openGreedy(1)], prefill: [prefillOf(1, prompt, 0, LENGTH)] }),
    0,
  );
  for (let i = 0; i < 3; i++) record(story, await rig.run({ decode: decodeOf(1) }), 0);
  const [givenUp = 0] = rig.pagesOf(1);
  const stranger = promptOf(LENGTH, rig.spec.vocabSize, 6);
  const maps = [{ slot: 1, fromPage: 0, pages: stored }];
  const opens = [openOf(2, LENGTH)];
  const prefill = [prefillOf(2, stranger, 0, LENGTH)];
  record(story, await rig.run({ maps, opens, prefill, decode: decodeOf(1) }), 1);
  t.equal(rig.pagesOf(2)[0], givenUp, 'the seat that writes it');
  while (story.tokens.length < 10) record(story, await rig.run({ decode: decodeOf(1, 2) }), 0);
  await rig.run({ frees: [0, 1, 2] });
  expectSame(t, bench, [story, expected], { ...KEPT, message: 'with swapped pages' });
  rig.forget(stored);
};

const cancelled: Check = async (t, bench) => {
  const { rig } = bench;
  const prompt = promptOf(CONTEXT, rig.spec.vocabSize, 7);
  const logprobs = { startLen: 0, topNum: 0, tokenIds: [] };
  /** Scored prompts go in runs of 64 head rows. */
  const cancelAfter = async (numRuns: number, storedRows: number): Promise<number> => {
    let calls = 0;
    const opens = [openOf(0, CONTEXT, { logprobs })];
    const prefill = [prefillOf(0, prompt, 0, CONTEXT)];
    const runs = await rig.runsOf(async () => {
      const { tokens } = await rig.run({ opens, prefill }, () => {
        if (calls++ === numRuns) rig.cancel(0, storedRows);
      });
      const later = await rig.run({ decode: decodeOf(0), frees: [0] });
      t.equal(tokens.length + later.tokens.length, 0, 'no token either way');
    });
    return runs.length;
  };
  t.equal(await cancelAfter(0, 0), 0);
  t.equal(await cancelAfter(1, 0), 1);
  t.equal(await cancelAfter(0, PAGE), 1, 'the run that the store needs');
  t.equal(await cancelAfter(0, PAGE + 1), 2);
  const ask = { slot: 0, prompt: prompt.subarray(0, LENGTH), sampling: GREEDY };
  const again = [await runAlone(rig, ask), await runAlone(rig, { ...ask, slot: 3 })] as const;
  expectSame(t, bench, again, { kept: ['repeats'], message: 'the slot serves again' });
};

const cancelledStore: Check = async (t, bench) => {
  const { rig } = bench;
  const prompt = promptOf(LENGTH, rig.spec.vocabSize, 8);
  const expected = outputsOf(await runAlone(rig, { slot: 0, prompt, sampling: GREEDY }));
  await rig.run({ opens: [openGreedy(2)] });
  const pages = rig.pagesOf(2).slice(0, 1);
  const stores = [{ slot: 2, fromToken: 0, pages }];
  const prefill = [prefillOf(2, prompt, 0, LENGTH)];
  const { tokens } = await rig.run({ prefill, stores, frees: [2] }, () => {
    rig.cancel(2, PAGE);
  });
  t.equal(tokens.length, 0);
  const story = newStory();
  const loads = [{ slot: 5, numTokens: PAGE, pages }];
  const rest = [prefillOf(5, prompt, PAGE, LENGTH)];
  record(story, await rig.run({ opens: [openGreedy(5)], loads, prefill: rest }), 0);
  while (story.tokens.length < 10) record(story, await rig.run({ decode: decodeOf(5) }), 0);
  await rig.run({ frees: [5] });
  expectSame(t, bench, [story, expected], { ...KEPT, message: 'from the page of one that left' });
  rig.forget(pages);
};

const RETRACTED: Partial<ReturnType<typeof samplingOf>> = {
  maxNewTokens: 24,
  topK: 20,
  temperature: 1.3,
  frequencyPenalty: 0.4,
  repetitionPenalty: 1.2,
  seed: 77,
};

/** The page that is stored ends among the outputs: 58 rows of the prompt and 6 outputs. */
const retracted: Check = async (t, bench) => {
  const { rig } = bench;
  const promptLen = PAGE - 6;
  const prompt = promptOf(promptLen, rig.spec.vocabSize, 4);
  const sampling = samplingOf(RETRACTED);
  const logprobs = { ...ALL_LOGPROBS, startLen: promptLen };
  const whole = outputsOf(await runAlone(rig, { slot: 1, prompt, sampling }));
  const before = newStory();
  const opens = [openOf(3, promptLen, { sampling, logprobs })];
  record(before, await rig.run({ opens, prefill: [prefillOf(3, prompt, 0, promptLen)] }), 0);
  const numPrior = 11;
  while (before.tokens.length < numPrior) record(before, await rig.run({ decode: decodeOf(3) }), 0);
  const pages = rig.pagesOf(3).slice(0, 1);
  await rig.run({ stores: [{ slot: 3, fromToken: 0, pages }], frees: [3] });

  const priorOutputIds = Int32Array.from(before.tokens);
  const after = newStory();
  await rig.run({
    opens: [openOf(5, promptLen, { sampling, logprobs, priorOutputIds })],
    loads: [{ slot: 5, numTokens: PAGE, pages }],
  });
  for (let i = PAGE - promptLen; i < numPrior; i++) {
    const emit = i === numPrior - 1 ? 1 : 0;
    const decode = Int32Array.of(5, priorOutputIds[i] ?? 0, emit);
    record(after, await rig.run({ decode }), 0);
  }
  while (after.tokens.length < 24 - numPrior)
    record(after, await rig.run({ decode: decodeOf(5) }), 0);
  await rig.run({ frees: [5] });
  if (rig.facts.determinism.repeats) t.same(before.tokens, whole.tokens.slice(0, numPrior));
  expectSame(t, bench, [after, outputsOf(whole, numPrior)], {
    kept: ['repeats'],
    message: 'goes on',
  });
  rig.forget(pages);
};

/** Where nothing of it was kept: the prompt as a prefill, what it was told as decode rows. */
const startedAgain: Check = async (t, bench) => {
  const { rig } = bench;
  const prompt = promptOf(LENGTH, rig.spec.vocabSize, 4);
  const sampling = samplingOf({ ...RETRACTED, maxNewTokens: 14 });
  const whole = outputsOf(await runAlone(rig, { slot: 1, prompt, sampling }));
  const numPrior = 6;
  const priorOutputIds = Int32Array.from(whole.tokens.slice(0, numPrior));
  const logprobs = { ...ALL_LOGPROBS, startLen: LENGTH };
  const story = newStory();
  // Rows of one that was there before it are still in the slot.
  const opens = [openOf(4, LENGTH, { sampling, logprobs, priorOutputIds })];
  await rig.run({ opens, prefill: [{ ...prefillOf(4, prompt, 0, 33), sample: false }] });
  await rig.run({ prefill: [{ ...prefillOf(4, prompt, 33, LENGTH), sample: false }] });
  for (const [i, token] of priorOutputIds.entries()) {
    const emit = i === numPrior - 1 ? 1 : 0;
    record(story, await rig.run({ decode: Int32Array.of(4, token, emit) }), 0);
  }
  while (story.tokens.length < 14 - numPrior) {
    record(story, await rig.run({ decode: decodeOf(4) }), 0);
  }
  await rig.run({ frees: [4] });
  const message = 'computed again';
  expectSame(t, bench, [story, outputsOf(whole, numPrior)], { kept: ['repeats'], message });
};

/** Rows behind the end of the context belong to nobody. */
const contextEnd: Check = async (t, bench) => {
  const { rig } = bench;
  const neighbour = promptOf(CONTEXT - 4, rig.spec.vocabSize, 3);
  const sampling = samplingOf({ maxNewTokens: 4 });
  const expected = await runAlone(rig, { slot: 1, prompt: neighbour, sampling });
  for (const length of [CONTEXT, CONTEXT - 1]) {
    const prompt = promptOf(length, rig.spec.vocabSize, 6);
    const outputs = { maxNewTokens: 1 + CONTEXT - length };
    const whole = await runAlone(rig, { slot: 0, prompt, sampling: outputs });
    t.equal(whole.tokens.length, outputs.maxNewTokens);
    const open = openOf(1, neighbour.length, { sampling, logprobs: ALL_LOGPROBS });
    const story = newStory();
    const prefill = [prefillOf(1, neighbour, 0, neighbour.length)];
    record(story, await rig.run({ opens: [open], prefill }), 0);
    for (const cuts of [
      [0, length - 1, length],
      [0, PAGE, length - 3, length],
    ]) {
      const parts = await runAlone(rig, { slot: 2, prompt, sampling: outputs, cuts });
      expectSame(t, bench, [parts, whole], { ...KEPT, message: `${length}: ${cuts.join(' ')}` });
    }
    while (story.tokens.length < 4) record(story, await rig.run({ decode: decodeOf(1) }), 0);
    await rig.run({ frees: [1] });
    expectSame(t, bench, [story, expected], { kept: ['repeats'], message: 'its neighbour' });
  }
};

const releasesKv: Check = async (t, bench) => {
  const { rig } = bench;
  const ask = { slot: 0, prompt: promptOf(LENGTH, rig.spec.vocabSize, 1), sampling: GREEDY };
  const before = await runAlone(rig, ask);
  await rig.run({ opens: [openOf(1, 5)] });
  await t.rejects(rig.releaseKv(), /1 slots are open/);
  await rig.run({ frees: [1] });
  for (let i = 0; i < 2; i++) await rig.releaseKv();
  expectSame(t, bench, [await runAlone(rig, ask), before], { kept: ['repeats'], message: 'after' });
};

const bugs: Check = async (t, { rig }) => {
  await t.rejects(rig.run({ decode: decodeOf(4) }), /slot 4 is not open/);
  const prompt = promptOf(LENGTH, rig.spec.vocabSize, 1);
  const gap = rig.run({ opens: [openOf(4, LENGTH)], prefill: [prefillOf(4, prompt, 10, LENGTH)] });
  await t.rejects(gap, /no row 9 to build on/);
  await rig.run({ frees: [4] });
};

/** Of devices whose slots go on from what lies on pages. */
export const LOADS: Readonly<Record<string, Check>> = {
  'a prefix hit computes the rest alone, and two that share a page do not disturb each other':
    prefixHit,
  'rows that are stored are computed for a cancelled request too': cancelledStore,
  'a retracted request goes on as if it never was': retracted,
};

export const PAGES: Readonly<Record<string, Check>> = {
  'pages with the same rows can take the place of a slot’s own in mid-answer': swap,
  'a cancelled request skips its runs, and its slot serves again': cancelled,
  'a retracted request of which nothing was kept is computed again': startedAgain,
  'a prompt may fill its context': contextEnd,
  'the memory of slots and pages can be given back between requests': releasesKv,
  'a plan for a slot that is not open, or has no row to build on, is a bug': bugs,
};
