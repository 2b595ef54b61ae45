import t from 'tap';
import { seededRandom } from '../../../../src/core/clock.js';
import { TOP_K_ALL, type SamplingParams } from '../../../../src/core/sampling-params.js';
import type { RowCosts } from '../../../../src/core/speculation.js';
import { ON_CPU } from '../../../../src/model/target.js';
import { samplingOf } from '../fixtures.js';
import {
  ALL_LOGPROBS,
  bitsOf,
  decodeOf,
  Harness,
  LIMITS,
  openOf,
  prefillOf,
  promptOf,
  tinyModel,
  type Story,
} from '../runner-harness.js';
import { FREE_ROWS } from './free-rows.js';
import { newTold, tell, type Told } from './told.js';

/** Where K and V are integers, a draft model changes no bit of an answer. */

const INT8 = { ...ON_CPU, kvCacheDtype: 'int8' } as const;
const model = await tinyModel('llama-plain', INT8);
const PROMPT = promptOf(33, model.spec.vocabSize, 1);

const SAMPLINGS: readonly Partial<SamplingParams>[] = [
  {},
  { topK: TOP_K_ALL, temperature: 1, seed: 5 },
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
  /** Null = it does not speculate. */
  readonly maxRows: (() => number) | null;
  readonly slot?: number;
  readonly prior?: readonly number[];
  readonly costs?: RowCosts;
}

function openedOf(
  sampling: Partial<SamplingParams>,
  { maxRows, slot = 0, prior = [], costs = FREE_ROWS }: Omit<RunOptions, 'on'>,
) {
  return openOf(slot, PROMPT.length, {
    sampling: samplingOf({ maxNewTokens: 90, ...sampling }),
    logprobs: { ...ALL_LOGPROBS, startLen: PROMPT.length },
    priorOutputIds: Int32Array.from(prior),
    speculation: maxRows && {
      algorithm: 'STANDALONE',
      numDraftTokens: 4,
      minHits: 10,
      costs,
      promptIds: PROMPT,
    },
  });
}

async function answer(sampling: Partial<SamplingParams>, options: RunOptions): Promise<Told> {
  const { on, maxRows, slot = 0, prior = [] } = options;
  const told = newTold();
  const prefill = { ...prefillOf(slot, PROMPT, 0, PROMPT.length), sample: prior.length === 0 };
  tell(told, await on.run({ opens: [openedOf(sampling, options)], prefill: [prefill] }), 0);
  while ((told.flags.at(-1) ?? 0) === 0) {
    const rows = maxRows ? { turns: Int32Array.of(slot, maxRows()) } : { decode: decodeOf(slot) };
    tell(told, await on.run(rows), 0);
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

for (const [draft, target] of [
  ['llama-plain', INT8],
  ['llama-plain', ON_CPU],
  ['qwen3', INT8],
] as const) {
  const name = `${draft}, ${'kvCacheDtype' in target ? target.kvCacheDtype : ''}`;
  t.test(`drafts of ${name} change no bit`, async (t) => {
    const on = await Harness.create(model, 1, LIMITS, await tinyModel(draft, target));
    t.teardown(() => on.release());
    const tolds: Told[] = [];
    for (const [i, sampling] of SAMPLINGS.entries()) {
      const plain = await answer(sampling, { on, maxRows: null });
      const random = seededRandom(9);
      for (const maxRows of [() => 1, () => 2, () => 4, () => 1 + Math.floor(random() * 4)]) {
        const told = await answer(sampling, { on, maxRows, slot: 3 });
        t.equal(bitsOf(told), bitsOf(plain), `${i}`);
        tolds.push(told);
      }
      for (const numPrior of [1, 40, plain.tokens.length - 1]) {
        const prior = plain.tokens.slice(0, numPrior);
        const again = await answer(sampling, { on, maxRows: () => 4, prior });
        t.equal(bitsOf(again), bitsOf(rest(plain, numPrior)), `${i}: behind ${numPrior} outputs`);
      }
    }
    t.ok(
      tolds.some(({ numDrafts, numCorrect }) => numDrafts > numCorrect),
      'some drafts are wrong',
    );
    // All at once, cut now and then where a run has no room.
    const slots = SAMPLINGS.map((_, slot) => slot);
    const together = slots.map(newTold);
    const opens = slots.map((slot) => openedOf(SAMPLINGS[slot] ?? {}, { maxRows: () => 4, slot }));
    const prefill = slots.map((slot) => prefillOf(slot, PROMPT, 0, PROMPT.length));
    const first = await on.run({ opens, prefill });
    for (const [planRow, told] of together.entries()) tell(told, first, planRow);
    for (;;) {
      const live = slots.filter((slot) => (together[slot]?.flags.at(-1) ?? 0) === 0);
      if (live.length === 0) break;
      const result = await on.run({ turns: Int32Array.from(live.flatMap((slot) => [slot, 4])) });
      for (const [row, slot] of live.entries()) tell(together[slot] ?? newTold(), result, row);
    }
    await on.run({ frees: slots });
    for (const [slot, told] of together.entries()) {
      const alone = await answer(SAMPLINGS[slot] ?? {}, { on, maxRows: null });
      t.equal(bitsOf(told), bitsOf(alone), `${slot} in a batch`);
    }
  });
}

t.test('its own weights guess every greedy token; what does not pay is not drafted', async (t) => {
  const on = await Harness.create(model, 1, LIMITS, model);
  t.teardown(() => on.release());
  const told = await answer({}, { on, maxRows: () => 4 });
  t.equal(told.numCorrect, told.numDrafts);
  t.ok(told.rows.slice(0, -2).every((rows) => rows === 4));
  const dear = await answer(
    {},
    { on, maxRows: () => 4, costs: { ...FREE_ROWS, draftModel: { run: 1, textRow: 0 } } },
  );
  t.equal(dear.numDrafts, 0);
  t.equal(bitsOf(dear), bitsOf(told));
});
