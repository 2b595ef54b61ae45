import t from 'tap';
import { seededRandom } from '../../../../src/core/clock.js';
import { TOP_K_ALL, type SamplingParams } from '../../../../src/core/sampling-params.js';
import { ON_CPU } from '../../../../src/model/target.js';
import { samplingOf } from '../fixtures.js';
import {
  ALL_LOGPROBS,
  bitsOf,
  Harness,
  LIMITS,
  openOf,
  prefillOf,
  promptOf,
  tinyModel,
  type Story,
} from '../runner-harness.js';
import { newTold, tell, type Told } from './told.js';

const INT8 = { ...ON_CPU, kvCacheDtype: 'int8' } as const;
const model = await tinyModel('llama-plain');
const PROMPT = promptOf(33, model.spec.vocabSize, 1);
const SPECULATION = {
  algorithm: 'STANDALONE' as const,
  numDraftTokens: 4,
  minHits: 10,
  costs: null,
  promptIds: PROMPT,
};

/** One after the other: of greedy requests, of samples that a draft model seldom guesses, of a few likely tokens. */
const SAMPLINGS: readonly Partial<SamplingParams>[] = [
  {},
  { topK: TOP_K_ALL, temperature: 1, seed: 5 },
  { topK: TOP_K_ALL, temperature: 0.3, seed: 8, frequencyPenalty: 0.2 },
  {
    topK: TOP_K_ALL,
    temperature: 0.6,
    seed: 3,
    logitBias: [
      [7, 8],
      [9, 8],
    ],
  },
];

interface RunOptions {
  readonly on: Harness;
  readonly maxRows?: () => number;
  readonly slot?: number;
  readonly prior?: readonly number[];
}

function openedOf(slot: number, sampling: Partial<SamplingParams>, prior: readonly number[] = []) {
  return openOf(slot, PROMPT.length, {
    sampling: samplingOf({ maxNewTokens: 90, ...sampling }),
    logprobs: { ...ALL_LOGPROBS, startLen: PROMPT.length },
    priorOutputIds: Int32Array.from(prior),
    speculation: SPECULATION,
  });
}

/** One request by itself, from its prompt or from what it had put out before. */
async function alone(sampling: Partial<SamplingParams>, options: RunOptions): Promise<Told> {
  const { on, maxRows = () => 4, slot = 0, prior = [] } = options;
  const told = newTold();
  const prefill = { ...prefillOf(slot, PROMPT, 0, PROMPT.length), sample: prior.length === 0 };
  tell(told, await on.run({ opens: [openedOf(slot, sampling, prior)], prefill: [prefill] }), 0);
  for (let turn = 0; turn < 90 && (told.flags.at(-1) ?? 0) === 0; turn++) {
    tell(told, await on.run({ turns: Int32Array.of(slot, maxRows()) }), 0);
  }
  await on.run({ frees: [slot] });
  return told;
}

/** What is still to come after `numPrior` tokens. */
function rest(story: Story, numPrior: number): Story {
  return {
    tokens: story.tokens.slice(numPrior),
    flags: story.flags.slice(numPrior),
    logprobs: story.logprobs.filter(({ position }) => position >= numPrior),
  };
}

async function harnessOf(
  kv: typeof ON_CPU | typeof INT8,
  draft: string,
  numThreads = 1,
): Promise<Harness> {
  const target = await tinyModel('llama-plain', kv);
  return Harness.create(target, numThreads, LIMITS, await tinyModel(draft, kv));
}

for (const [kv, name] of [
  [ON_CPU, 'floats'],
  [INT8, 'integers'],
] as const) {
  t.test(`its own weights guess every greedy token, with a cache of ${name}`, async (t) => {
    const on = await harnessOf(kv, 'llama-plain');
    t.teardown(() => on.release());
    const told = await alone({}, { on });
    t.equal(told.tokens.length, 90);
    t.equal(told.numCorrect, told.numDrafts);
    t.same(told.rows.slice(0, 2), [2, 2], 'one draft at once, until four were right');
    t.ok(told.rows.slice(2, -2).every((rows) => rows === 4));
    await on.releaseKv();
    t.equal(bitsOf(await alone({}, { on })), bitsOf(told), 'and so it does with its memory anew');
  });

  for (const draft of ['llama-plain', 'qwen3', 'llama-blocks']) {
    t.test(`drafts of ${draft} change no bit, with a cache of ${name}`, async (t) => {
      const on = await harnessOf(kv, draft);
      const two = await harnessOf(kv, draft, 2);
      t.teardown(() => Promise.all([on.release(), two.release()]));
      const tolds: Told[] = [];
      for (const [i, sampling] of SAMPLINGS.entries()) {
        const told = await alone(sampling, { on });
        const expected = bitsOf(told);
        tolds.push(told);
        for (const most of [1, 2, 3]) {
          const cut = await alone(sampling, { on, maxRows: () => most });
          t.equal(bitsOf(cut), expected, `${i}: ${most} rows`);
        }
        const random = seededRandom(9);
        const maxRows = () => 1 + Math.floor(random() * 4);
        t.equal(
          bitsOf(await alone(sampling, { on: two, maxRows, slot: 5 })),
          expected,
          `${i}: cut`,
        );
        for (const numPrior of [1, 7, 40, 70, told.tokens.length - 1]) {
          const prior = told.tokens.slice(0, numPrior);
          const again = await alone(sampling, { on, prior });
          t.equal(bitsOf(again), bitsOf(rest(told, numPrior)), `${i}: behind ${numPrior} outputs`);
        }
      }
      t.ok(
        tolds.some(({ rows, numDrafts, numCorrect }) => rows.includes(1) && numDrafts > numCorrect),
        'some drafts are wrong',
      );

      const slots = [...SAMPLINGS.keys()];
      const together = slots.map(newTold);
      const first = await on.run({
        opens: slots.map((slot) => openedOf(slot, SAMPLINGS[slot] ?? {})),
        prefill: slots.map((slot) => prefillOf(slot, PROMPT, 0, PROMPT.length)),
      });
      for (const slot of slots) tell(together[slot] ?? newTold(), first, slot);
      for (let step = 0; step < 90; step++) {
        const live = slots.filter((slot) => (together[slot]?.flags.at(-1) ?? 0) === 0);
        const turns = Int32Array.from(live.flatMap((slot) => [slot, 1 + ((slot + step) % 4)]));
        const result = await on.run({ turns });
        for (const [row, slot] of live.entries()) tell(together[slot] ?? newTold(), result, row);
      }
      await on.run({ frees: slots });
      for (const slot of slots) {
        t.equal(bitsOf(together[slot] ?? newTold()), bitsOf(tolds[slot] ?? newTold()), `${slot}`);
      }
    });
  }
}

t.test('who goes in the middle of a draft leaves nothing in its slot', async (t) => {
  const on = await harnessOf(INT8, 'qwen3');
  t.teardown(() => on.release());
  const [gone = {}, stays = {}, next = {}] = SAMPLINGS;
  const [expectedStays, expectedNext] = [await alone(stays, { on }), await alone(next, { on })];
  const isLive = (told: Told): boolean => (told.flags.at(-1) ?? 0) === 0;
  for (const numSteps of [1, 2, 5, 12]) {
    const [staying, coming] = [newTold(), newTold()];
    const first = await on.run({
      opens: [openedOf(0, gone), openedOf(1, stays)],
      prefill: [prefillOf(0, PROMPT, 0, PROMPT.length), prefillOf(1, PROMPT, 0, PROMPT.length)],
    });
    tell(staying, first, 1);
    for (let step = 0; step < numSteps; step++) {
      tell(staying, await on.run({ turns: Int32Array.of(0, 4, 1, 4) }), 1);
    }
    await on.run({ frees: [0] });
    const opens = [openedOf(0, next)];
    const prefill = [prefillOf(0, PROMPT, 0, PROMPT.length)];
    tell(coming, await on.run({ opens, prefill }), 0);
    while (isLive(staying) || isLive(coming)) {
      const live = [coming, staying].filter(isLive);
      const turns = live.flatMap((told) => [told === coming ? 0 : 1, 4]);
      const result = await on.run({ turns: Int32Array.from(turns) });
      for (const [row, told] of live.entries()) tell(told, result, row);
    }
    await on.run({ frees: [0, 1] });
    t.equal(bitsOf(staying), bitsOf(expectedStays), `beside one that goes after ${numSteps} steps`);
    t.equal(bitsOf(coming), bitsOf(expectedNext), `in its slot, after ${numSteps} steps`);
  }
});
