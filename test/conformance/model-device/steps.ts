/** Prompts and answers of one request, whatever runs beside it. */
import { openSampling, samplingOf } from '../../unit/device/fixtures.js';
import {
  ALL_LOGPROBS,
  decodeOf,
  newStory,
  openOf,
  prefillOf,
  promptOf,
  record,
  runAlone,
} from '../../unit/device/runner-harness.js';
import { everyLogprob, expectNear, expectSame, wholeRow, worse, type Check } from './bench.js';

const LENGTH = 77;
const GREEDY = { maxNewTokens: 12 };

const goldenPrompt: Check = async (t, { rig, golden, bound }) => {
  const { vocabSize } = rig.spec;
  const prompt = Int32Array.from(golden.inputIds);
  const opens = [openOf(2, prompt.length, { logprobs: everyLogprob(vocabSize) })];
  const prefill = [prefillOf(2, prompt, 0, prompt.length)];
  const { logprobRows } = await rig.run({ opens, prefill, frees: [2] });
  t.equal(logprobRows.length, prompt.length, 'all but the first token, and one output');
  let error = 0;
  for (const row of logprobRows) {
    const position = row.part === 'prompt' ? row.position : prompt.length;
    if (row.part === 'prompt') t.equal(row.ids[0], prompt[position]);
    error = worse(error, rowError(wholeRow(row, vocabSize), golden.logprobs[position - 1]));
  }
  t.comment(`prompt: off by ${error}`);
  t.ok(error <= bound, `off by ${error}`);
};

const goldenDecode: Check = async (t, { rig, golden, bound }) => {
  const { vocabSize } = rig.spec;
  const half = 17;
  const prompt = Int32Array.from(golden.inputIds.slice(0, half));
  const wants = everyLogprob(vocabSize, half);
  const opens = [openOf(1, half, { sampling: samplingOf({ maxNewTokens: 99 }), logprobs: wants })];
  const rows = [
    ...(await rig.run({ opens, prefill: [prefillOf(1, prompt, 0, half)] })).logprobRows,
  ];
  for (const token of golden.inputIds.slice(half)) {
    rows.push(...(await rig.run({ decode: Int32Array.of(1, token, 1) })).logprobRows);
  }
  await rig.run({ frees: [1] });
  t.equal(rows.length, golden.inputIds.length - half + 1);
  const error = rows.reduce(
    (most, row) =>
      worse(most, rowError(wholeRow(row, vocabSize), golden.logprobs[half - 1 + row.position])),
    0,
  );
  t.comment(`decode: off by ${error}`);
  t.ok(error <= bound, `off by ${error}`);
};

function rowError(row: Float32Array, expected: readonly number[] = []): number {
  return row.reduce((most, value, id) => worse(most, Math.abs(value - (expected[id] ?? NaN))), 0);
}

const cpuTokens: Check = async (t, { rig, cpu, bound }) => {
  for (const seed of [1, 2, 3]) {
    const prompt = promptOf(20 + 15 * seed, rig.spec.vocabSize, seed);
    const ask = { slot: seed, prompt, sampling: { maxNewTokens: 16 } };
    const stories = [await runAlone(rig, ask), await runAlone(cpu, ask)] as const;
    expectNear(t, bound, stories, `prompt ${seed}`);
  }
};

const inParts: Check = async (t, bench) => {
  const { rig } = bench;
  const prompt = promptOf(LENGTH, rig.spec.vocabSize, 2);
  const ask = { slot: 0, prompt, sampling: GREEDY };
  const whole = await runAlone(rig, ask);
  const again = await runAlone(rig, { ...ask, slot: 5 });
  expectSame(t, bench, [again, whole], { kept: ['repeats'], message: 'another slot' });
  for (const cuts of [
    [0, 40, LENGTH],
    [0, 1, LENGTH],
    [0, LENGTH - 1, LENGTH],
    [0, 5, 12, 37, 64, LENGTH],
  ]) {
    const story = await runAlone(rig, { ...ask, slot: 3, cuts });
    expectSame(t, bench, [story, whole], { kept: ['repeats', 'chunks'], message: cuts.join(' ') });
  }
};

const greedy = (slot: number) => samplingOf({ maxNewTokens: 2 + slot });
const drawn = (slot: number) => openSampling({ maxNewTokens: 2 + slot });

/** Mates begin before it, beside it, and end before it; some need whole head rows and some do not. */
const besideOthers: Check = async (t, bench) => {
  const { rig } = bench;
  const { vocabSize } = rig.spec;
  const prompt = promptOf(LENGTH, vocabSize, 3);
  const sampling = samplingOf(GREEDY);
  const alone = await runAlone(rig, { slot: 2, prompt, sampling: GREEDY });
  const mates = [0, 1, 3, 4, 5];
  const other = (slot: number): Int32Array => promptOf(5 + slot * 21, vocabSize, slot);
  const opens = mates.map((slot) =>
    openOf(slot, other(slot).length, { sampling: slot > 3 ? greedy(slot) : drawn(slot) }),
  );
  const prefill = mates.map((slot) => prefillOf(slot, other(slot), 0, other(slot).length));
  await rig.run({ opens: opens.slice(1), prefill: prefill.slice(1) });
  const story = newStory();
  const first = await rig.run({
    opens: [openOf(2, LENGTH, { sampling, logprobs: ALL_LOGPROBS }), ...opens.slice(0, 1)],
    prefill: [prefillOf(2, prompt, 0, LENGTH), ...prefill.slice(0, 1)],
    decode: decodeOf(...mates.slice(1)),
  });
  record(story, first, 0);
  while (story.tokens.length < GREEDY.maxNewTokens) {
    record(story, await rig.run({ decode: decodeOf(5, 2, 0, 1, 3, 4) }), 1);
  }
  await rig.run({ frees: [2, ...mates] });
  expectSame(t, bench, [story, alone], { kept: ['repeats', 'batches'], message: 'in a batch' });
};

/** A step without rows changes nothing, and one row of a batch may rest. */
const resting: Check = async (t, bench) => {
  const { rig } = bench;
  const prompts = [4, 5].map((seed) => promptOf(30 + seed, rig.spec.vocabSize, seed));
  const alone = [];
  for (const [slot, prompt] of prompts.entries()) {
    alone.push(await runAlone(rig, { slot, prompt, sampling: { maxNewTokens: 4 } }));
  }
  const sampling = samplingOf({ maxNewTokens: 4 });
  const opens = prompts.map(({ length }, slot) =>
    openOf(slot, length, { sampling, logprobs: ALL_LOGPROBS }),
  );
  const prefill = prompts.map((prompt, slot) => prefillOf(slot, prompt, 0, prompt.length));
  const stories = [newStory(), newStory()] as const;
  const first = await rig.run({ opens, prefill });
  stories.forEach((story, planRow) => {
    record(story, first, planRow);
  });
  await rig.run({});
  for (const slot of [0, 1, 1, 0, 0, 1] as const) {
    record(stories[slot], await rig.run({ decode: decodeOf(slot) }), 0);
  }
  await rig.run({ frees: [0, 1] });
  for (const slot of [0, 1] as const) {
    const pair = [stories[slot], alone[slot] ?? newStory()] as const;
    expectSame(t, bench, pair, { kept: ['repeats', 'batches'], message: `slot ${slot}` });
  }
};

export const STEPS: Readonly<Record<string, Check>> = {
  'a prompt has the log-probabilities of transformers': goldenPrompt,
  'rows fed one by one have them too': goldenDecode,
  'a greedy answer is the CPU’s': cpuTokens,
  'a prompt in parts is answered as in one': inParts,
  'a request beside others is answered as alone': besideOthers,
  'a request that rests while others run goes on where it was': resting,
};
