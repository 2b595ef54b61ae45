import t from 'tap';
import { seededRandom } from '../../../../src/core/clock.js';
import { TOP_K_ALL, type SamplingParams } from '../../../../src/core/sampling-params.js';
import type { SlotSpeculation } from '../../../../src/core/speculation.js';
import { ON_CPU } from '../../../../src/model/target.js';
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
import { FREE_ROWS } from './free-rows.js';
import { newTold, tell, type Told } from './told.js';

/** Where K and V are integers, whoever speculates gets the bits of who does not. */

const model = await tinyModel('llama-plain', { ...ON_CPU, kvCacheDtype: 'int8' });
const { vocabSize } = model.spec;
const harness = await Harness.create(model);
t.teardown(() => harness.release());

const PROMPT = Int32Array.of(...promptOf(20, vocabSize, 1), ...promptOf(13, vocabSize, 1));
const SPECULATION: SlotSpeculation = {
  algorithm: 'NGRAM',
  numDraftTokens: 32,
  minMatch: 1,
  maxMatch: 3,
  costs: FREE_ROWS,
  promptIds: PROMPT,
};
/** Few tokens are likely: the text repeats itself now and then. */
const FEW: SamplingParams['logitBias'] = [7, 9, 11].map((id) => [id, 30]);
const OPEN = { topK: TOP_K_ALL, logitBias: FEW };

const SAMPLINGS: readonly (readonly [string, Partial<SamplingParams>])[] = [
  ['greedy', { logitBias: FEW }],
  ['of few tokens', { ...OPEN, temperature: 2, seed: 5 }],
  ['with penalties', { ...OPEN, frequencyPenalty: 0.3, repetitionPenalty: 1.1 }],
  ['with ids that stop late', { ...OPEN, stopTokenIds: [9], minNewTokens: 45 }],
  ['that ends early', { ...OPEN, temperature: 2, seed: 5, maxNewTokens: 23 }],
];

interface RunOptions {
  readonly sampling: Partial<SamplingParams>;
  /** Most rows of the next turn; null = it does not speculate. */
  readonly maxRows: (() => number) | null;
  readonly slot?: number;
  readonly prior?: readonly number[];
  readonly on?: Pick<Harness, 'run'>;
  /** Of its turns. */
  readonly planRow?: number;
  /** Default: {@link PROMPT}. */
  readonly prompt?: Int32Array;
}

/** One request by itself, from its prompt or from what it had put out before. */
async function answer(options: RunOptions): Promise<Told> {
  const { maxRows, slot = 0, prior = [], on = harness, planRow = 0, prompt = PROMPT } = options;
  const told = newTold();
  const open = openOf(slot, prompt.length, {
    sampling: samplingOf({ maxNewTokens: 60, ...options.sampling }),
    logprobs: { ...ALL_LOGPROBS, startLen: prompt.length },
    priorOutputIds: Int32Array.from(prior),
    speculation: maxRows && { ...SPECULATION, promptIds: prompt },
  });
  const prefill = { ...prefillOf(slot, prompt, 0, prompt.length), sample: prior.length === 0 };
  tell(told, await on.run({ opens: [open], prefill: [prefill] }), 0);
  for (let turn = 0; turn < 60 && (told.flags.at(-1) ?? 0) === 0; turn++) {
    const rows = maxRows ? { turns: Int32Array.of(slot, maxRows()) } : { decode: decodeOf(slot) };
    tell(told, await on.run(rows), planRow);
  }
  await on.run({ frees: [slot] });
  return told;
}

const PLAIN: Told[] = [];
for (const [, sampling] of SAMPLINGS) PLAIN.push(await answer({ sampling, maxRows: null }));

for (const [i, [name, sampling]] of SAMPLINGS.entries()) {
  const plain = PLAIN[i] ?? newTold();
  const expected = bitsOf(plain);

  t.test(`${name}: alone, in any cutting`, async (t) => {
    const random = seededRandom(9);
    const cuts = [1, 2, 3, 8, 31, 32].map((most) => () => most);
    for (const maxRows of [...cuts, () => 1 + Math.floor(random() * 12)]) {
      const told = await answer({ sampling, maxRows });
      t.equal(bitsOf(told), expected);
      t.equal(sum(told.rows), told.tokens.length - 1, 'a row for every token but the last');
      if (maxRows() > 2) t.ok(told.numCorrect > 5, `${told.numCorrect} correct drafts`);
    }
  });

  t.test(`${name}: in another slot, on two threads`, async (t) => {
    const on = await Harness.create(model, 2);
    t.teardown(() => on.release());
    t.equal(bitsOf(await answer({ sampling, maxRows: () => 16, slot: 5, on })), expected);
  });

  t.test(`${name}: beside others that decode, speculate and begin`, async (t) => {
    const told = await besideOthers(sampling);
    t.equal(bitsOf(told), expected);
    t.ok(told.numCorrect > 5, `${told.numCorrect} correct drafts`);
  });

  t.test(`${name}: after a retraction`, async (t) => {
    for (const numPrior of [1, 7, plain.tokens.length - 1]) {
      for (const most of [1, 3, 16]) {
        const prior = plain.tokens.slice(0, numPrior);
        const told = await answer({ sampling, maxRows: () => most, prior });
        t.equal(bitsOf(told), bitsOf(rest(plain, numPrior)), `${numPrior} outputs, ${most} rows`);
      }
    }
  });
}

t.test(
  'rows of answers that were drafted are those of answers that were not, on pages',
  async (t) => {
    const sampling = samplingOf({ maxNewTokens: 60, logitBias: FEW });
    const numPages = 15;
    const numTokens = numPages * PAGE;
    const stories: string[] = [];
    for (const speculation of [SPECULATION, null]) {
      const pages = Int32Array.from({ length: numPages }, (_, page) => 7 + page);
      await harness.run({
        opens: [openOf(1, PROMPT.length, { sampling, speculation })],
        prefill: [prefillOf(1, PROMPT, 0, PROMPT.length)],
      });
      const told = newTold();
      while (PROMPT.length + told.tokens.length < numTokens) {
        const rows = speculation ? { turns: Int32Array.of(1, 4) } : { decode: decodeOf(1) };
        tell(told, await harness.run(rows), 0);
      }
      await harness.run({ stores: [{ slot: 1, fromToken: 0, pages }], frees: [1] });
      const text = Int32Array.of(...PROMPT, ...told.tokens.slice(0, numTokens - PROMPT.length), 5);
      const hit = newTold();
      await harness.run({
        opens: [openOf(4, text.length, { logprobs: { ...ALL_LOGPROBS, startLen: text.length } })],
        loads: [{ slot: 4, numTokens, pages }],
      });
      tell(hit, await harness.run({ prefill: [prefillOf(4, text, numTokens, text.length)] }), 0);
      await harness.run({ frees: [4] });
      stories.push(bitsOf(hit));
    }
    t.equal(stories[0], stories[1]);
  },
);

t.test('drafts that do not pay are not made', async (t) => {
  const dear = { base: 100, perKey: 0 };
  const speculation = { ...SPECULATION, costs: { ...FREE_ROWS, draftRow: dear } };
  const open = openOf(0, PROMPT.length, { speculation });
  await harness.run({ opens: [open], prefill: [prefillOf(0, PROMPT, 0, PROMPT.length)] });
  const { turns } = await harness.run({ turns: Int32Array.of(0, 8), frees: [0] });
  t.same([...turns], [0, 1, 0, 0]);
});

t.test('a turn of a request that is gone computes nothing', async (t) => {
  const open = openOf(0, PROMPT.length, { speculation: SPECULATION });
  await harness.run({ opens: [open], prefill: [prefillOf(0, PROMPT, 0, PROMPT.length)] });
  harness.cancel(0, 0);
  const result = await harness.run({ turns: Int32Array.of(0, 8), frees: [0] });
  t.equal(result.turns.length, 0);
  t.equal(result.tokens.length, 0);
});

for (const name of [
  'falcon',
  'gemma3-wide',
  'gpt2',
  'gpt-neox',
  'gpt-oss-full',
  'llama-head-20',
  'llama-wide',
  'mistral',
  'phi3-partial',
  'qwen2-moe',
  'qwen3',
]) {
  t.test(`${name}: drafts change no bit`, async (t) => {
    const own = await tinyModel(name, { ...ON_CPU, kvCacheDtype: 'int8' });
    const on = await Harness.create(own);
    t.teardown(() => on.release());
    // No longer than the shortest context.
    const sampling = { ...OPEN, temperature: 2, seed: 5, maxNewTokens: 28 };
    const prompt = PROMPT.map((id) => id % own.spec.vocabSize);
    const expected = bitsOf(await answer({ sampling, maxRows: null, on, prompt }));
    t.equal(bitsOf(await answer({ sampling, maxRows: () => 8, on, prompt })), expected);
    // Beside a prompt, a window of two: not in place.
    await on.run({ opens: [openOf(1, 9)], prefill: [prefillOf(1, prompt, 0, 9)] });
    const beside: Pick<Harness, 'run'> = {
      run: (parts) => on.run({ ...parts, ...(parts.turns ? { decode: decodeOf(1) } : {}) }),
    };
    const told = await answer({ sampling, maxRows: () => 8, on: beside, planRow: 1, prompt });
    t.equal(bitsOf(told), expected);
    t.ok(told.numCorrect > 5, `${told.numCorrect} correct drafts`);
  });
}

/** In slot 2: some of the others decode, some speculate, and one begins again with each third step. */
async function besideOthers(sampling: Partial<SamplingParams>): Promise<Told> {
  const params = samplingOf({ ...sampling, maxNewTokens: 100, stopTokenIds: [], seed: 99 });
  const mates = [0, 1, 3, 4];
  const opens = mates.map((slot) =>
    openOf(slot, PROMPT.length, { sampling: params, speculation: slot < 3 ? SPECULATION : null }),
  );
  const prefill = mates.map((slot) => prefillOf(slot, PROMPT, 0, PROMPT.length));
  await harness.run({ opens, prefill });
  const told = newTold();
  const own = openOf(2, PROMPT.length, {
    sampling: samplingOf({ maxNewTokens: 60, ...sampling }),
    logprobs: { ...ALL_LOGPROBS, startLen: PROMPT.length },
    speculation: SPECULATION,
  });
  tell(told, await harness.run({ opens: [own], prefill: [prefillOf(2, PROMPT, 0, 33)] }), 0);
  for (let step = 0; step < 60 && (told.flags.at(-1) ?? 0) === 0; step++) {
    const begins = step % 3 === 0;
    const begun = begins ? { opens: [openOf(5, 9)], prefill: [prefillOf(5, PROMPT, 0, 9)] } : {};
    const turns = Int32Array.of(0, 5, 2, 16, 1, 16);
    const result = await harness.run({ ...begun, decode: decodeOf(3, 4), turns });
    tell(told, result, 3 + Number(begins));
    if (begins) await harness.run({ frees: [5] });
  }
  await harness.run({ frees: [2, ...mates] });
  return told;
}

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
