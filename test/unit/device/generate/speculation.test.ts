import t from 'tap';
import { RESULT_LENGTH, RESULT_STOP } from '../../../../src/core/batch.js';
import { seededRandom } from '../../../../src/core/clock.js';
import { TOP_K_ALL, type SamplingParams } from '../../../../src/core/sampling-params.js';
import { samplingOf } from '../fixtures.js';
import {
  ALL_LOGPROBS,
  bitsOf,
  decodeOf,
  Harness,
  openOf,
  PAGE,
  prefillOf,
  promptOf,
  tinyModel,
  type Story,
} from '../runner-harness.js';
import { newTold, tell, type Told } from './told.js';

const model = await tinyModel('llama-plain');
const { vocabSize } = model.spec;
const harness = await Harness.create(model);
t.teardown(() => harness.release());

const PROMPT = Int32Array.of(...promptOf(20, vocabSize, 1), ...promptOf(13, vocabSize, 1));
const SPECULATION = {
  algorithm: 'NGRAM' as const,
  numDraftTokens: 32,
  minMatch: 2,
  maxMatch: 3,
  costs: null,
  promptIds: PROMPT,
};
const OPEN = { topK: TOP_K_ALL };
/** Few tokens are likely: the text repeats itself now and then. */
const FEW: SamplingParams['logitBias'] = [7, 9, 11].map((id) => [id, 30]);

const SAMPLINGS: readonly (readonly [string, Partial<SamplingParams>])[] = [
  ['greedy', { logitBias: FEW }],
  ['of few tokens', { ...OPEN, logitBias: FEW, temperature: 2, seed: 5 }],
  ['with penalties', { ...OPEN, logitBias: FEW, frequencyPenalty: 0.3, repetitionPenalty: 1.1 }],
  ['with ids that stop late', { ...OPEN, logitBias: FEW, stopTokenIds: [9], minNewTokens: 45 }],
];

interface RunOptions {
  readonly sampling: Partial<SamplingParams>;
  /** Most rows of the next turn. */
  readonly maxRows: () => number;
  readonly slot?: number;
  readonly prior?: readonly number[];
  readonly on?: Pick<Harness, 'run'>;
}

/** One request by itself, from its prompt or from what it had put out before. */
async function speculate(options: RunOptions): Promise<Told> {
  const { maxRows, slot = 0, prior = [], on = harness } = options;
  const sampling = samplingOf({ maxNewTokens: 60, ...options.sampling });
  const told = newTold();
  const priorOutputIds = Int32Array.from(prior);
  const logprobs = { ...ALL_LOGPROBS, startLen: PROMPT.length };
  const open = openOf(slot, PROMPT.length, {
    sampling,
    logprobs,
    priorOutputIds,
    speculation: SPECULATION,
  });
  const prefill = { ...prefillOf(slot, PROMPT, 0, PROMPT.length), sample: prior.length === 0 };
  tell(told, await on.run({ opens: [open], prefill: [prefill] }), 0);
  for (let turn = 0; turn < 60 && (told.flags.at(-1) ?? 0) === 0; turn++) {
    tell(told, await on.run({ turns: Int32Array.of(slot, maxRows()) }), 0);
  }
  await on.run({ frees: [slot] });
  return told;
}

const ALONE: Told[] = [];
for (const [, sampling] of SAMPLINGS) ALONE.push(await speculate({ sampling, maxRows: () => 1 }));

for (const [i, [name, sampling]] of SAMPLINGS.entries()) {
  const alone = ALONE[i] ?? newTold();
  const expected = bitsOf(alone);

  t.test(`${name}: rows verified together have the bits of rows that came alone`, async (t) => {
    t.equal(alone.numDrafts, 0, 'no room for a draft');
    t.ok(alone.rows.every((rows) => rows === 1));
    for (const most of [2, 3, 4, 8, 31, 32]) {
      const told = await speculate({ sampling, maxRows: () => most });
      t.equal(bitsOf(told), expected, `${most} rows`);
      t.ok(told.numCorrect > 5, `${told.numCorrect} correct drafts`);
      t.ok(told.rows.every((rows) => rows <= most));
      t.equal(sum(told.rows), told.tokens.length - 1, 'a row for every token but the last');
    }
    const random = seededRandom(9);
    const told = await speculate({ sampling, maxRows: () => 1 + Math.floor(random() * 12) });
    t.equal(bitsOf(told), expected, 'any number of rows');
    if (name !== 'greedy') t.ok(told.numDrafts > told.numCorrect, 'some drafts are wrong');
  });

  t.test(`${name}: another slot and two threads change no bit`, async (t) => {
    const on = await Harness.create(model, 2);
    t.teardown(() => on.release());
    t.equal(bitsOf(await speculate({ sampling, maxRows: () => 16, slot: 5, on })), expected);
  });

  t.test(`${name}: batch mates change no bit`, async (t) => {
    const mates = [0, 1, 3, 4];
    const params = samplingOf({ maxNewTokens: 100, ...sampling, stopTokenIds: [], seed: 99 });
    const speculation = SPECULATION;
    // Some decode, some speculate.
    const opens = mates.map((slot) =>
      openOf(slot, PROMPT.length, { sampling: params, speculation: slot < 3 ? speculation : null }),
    );
    const prefill = mates.map((slot) => prefillOf(slot, PROMPT, 0, PROMPT.length));
    await harness.run({ opens, prefill });
    const told = newTold();
    const own = openOf(2, PROMPT.length, {
      sampling: samplingOf({ maxNewTokens: 60, ...sampling }),
      logprobs: { ...ALL_LOGPROBS, startLen: PROMPT.length },
      speculation,
    });
    tell(told, await harness.run({ opens: [own], prefill: [prefillOf(2, PROMPT, 0, 33)] }), 0);
    for (let step = 0; step < 60 && (told.flags.at(-1) ?? 0) === 0; step++) {
      const decode = decodeOf(3, 4);
      const turns = Int32Array.of(0, 5, 2, 16, 1, 16);
      tell(told, await harness.run({ decode, turns }), 3);
    }
    await harness.run({ frees: [2, ...mates] });
    t.equal(bitsOf(told), expected);
  });

  t.test(`${name}: a retracted request makes its rows as they were made first`, async (t) => {
    for (const numPrior of [1, 7, 23, 40, alone.tokens.length - 1]) {
      for (const most of [1, 3, 16]) {
        const prior = alone.tokens.slice(0, numPrior);
        const told = await speculate({ sampling, maxRows: () => most, prior });
        t.equal(bitsOf(told), bitsOf(rest(alone, numPrior)), `${numPrior} outputs, ${most} rows`);
      }
    }
  });

  t.test(`${name}: and so it does behind rows of its outputs from pages`, async (t) => {
    const params = samplingOf({ maxNewTokens: 60, ...sampling });
    const numPages = 15;
    const pages = Int32Array.from({ length: numPages }, (_, page) => 7 + page);
    const numTokens = numPages * PAGE;
    const opened = { sampling: params, speculation: SPECULATION };
    await harness.run({
      opens: [openOf(1, PROMPT.length, opened)],
      prefill: [prefillOf(1, PROMPT, 0, PROMPT.length)],
    });
    let numRows = PROMPT.length;
    for (let turn = 0; turn < 60 && numRows < numTokens; turn++) {
      const { turns } = await harness.run({ turns: Int32Array.of(1, 4) });
      numRows += turns[1] ?? 0;
    }
    await harness.run({ stores: [{ slot: 1, fromToken: 0, pages }], frees: [1] });
    const numPrior = 40;
    const told = newTold();
    const open = openOf(4, PROMPT.length, {
      ...opened,
      priorOutputIds: Int32Array.from(alone.tokens.slice(0, numPrior)),
      logprobs: { ...ALL_LOGPROBS, startLen: PROMPT.length },
    });
    await harness.run({ opens: [open], loads: [{ slot: 4, numTokens, pages }] });
    for (let turn = 0; turn < 60 && (told.flags.at(-1) ?? 0) === 0; turn++) {
      tell(told, await harness.run({ turns: Int32Array.of(4, 16) }), 0);
    }
    await harness.run({ frees: [4] });
    t.equal(bitsOf(told), bitsOf(rest(alone, numPrior)));
  });
}

t.test('an answer ends where it would have ended, within a verification too', async (t) => {
  const [greedy = newTold()] = ALONE;
  t.equal(greedy.tokens.length, 60);
  t.equal(greedy.flags.at(-1), RESULT_LENGTH);
  // The last tokens repeat: the id that ends it is a correct draft.
  const end = greedy.tokens[45] ?? -1;
  const sampling = { logitBias: FEW, stopTokenIds: [end] };
  const told = await speculate({ sampling, maxRows: () => 32 });
  const first = greedy.tokens.indexOf(end) + 1;
  t.same(told.tokens, greedy.tokens.slice(0, first));
  t.equal(told.flags.at(-1), RESULT_STOP);
  for (const maxNewTokens of [2, 3, 20, 21]) {
    const cut = await speculate({ sampling: { logitBias: FEW, maxNewTokens }, maxRows: () => 32 });
    t.same(cut.tokens, greedy.tokens.slice(0, maxNewTokens));
  }
});

t.test('a turn of a request that is gone computes nothing', async (t) => {
  const open = openOf(0, PROMPT.length, { speculation: SPECULATION });
  await harness.run({ opens: [open], prefill: [prefillOf(0, PROMPT, 0, PROMPT.length)] });
  harness.cancel(0, 0);
  const result = await harness.run({ turns: Int32Array.of(0, 8), frees: [0] });
  t.equal(result.turns.length, 0);
  t.equal(result.tokens.length, 0);
});

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** What is still to come after `numPrior` tokens. */
function rest(story: Story, numPrior: number): Story {
  return {
    tokens: story.tokens.slice(numPrior),
    flags: story.flags.slice(numPrior),
    logprobs: story.logprobs.filter(({ position }) => position >= numPrior),
  };
}
