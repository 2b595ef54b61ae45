/** Tokens follow from head rows: from no more of them than a request needs. */
import type { SamplingParams } from '../../../src/core/sampling-params.js';
import { TOP_K_ALL } from '../../../src/core/sampling-params.js';
import { MaskBoard } from '../../../src/core/mask-board.js';
import { argmax, FullRowSampler } from '../../../src/device/sampling/full-row.js';
import { uniformAt } from '../../../src/device/sampling/rng.js';
import type { ToMatchers } from '../../../src/messages.js';
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
import { everyLogprob, expectNear, expectSame, wholeRow, type Check } from './bench.js';
import type { DeviceRig } from './rig.js';

const LENGTH = 41;
const NUM_TOKENS = 12;
/** Forbidden by the masks of the tests: every token but these. */
const ALLOWED = [3, 17, 40, 41, 64, 95];
const STOP = [1, 2, 5, 8, 13, 21, 34, 55, 89];

const GREEDY: Readonly<Record<string, Partial<SamplingParams>>> = {
  'top_k=1': { topK: 1 },
  'with frequency and presence penalties': { frequencyPenalty: 0.7, presencePenalty: 0.3 },
  'with a repetition penalty': { repetitionPenalty: 1.4 },
  'with a logit bias': {
    logitBias: [
      [42, 1.5],
      [7, -100],
    ],
  },
  'before min_new_tokens': { minNewTokens: 9, stopTokenIds: STOP },
};

const DRAWN: Readonly<Record<string, Partial<SamplingParams>>> = {
  'any token': { topK: TOP_K_ALL, temperature: 1.5 },
  'hot, beyond the best tokens': { topK: TOP_K_ALL, temperature: 40, seed: 9 },
  'top-k': { topK: 5, temperature: 1.2 },
  'top-k beyond the best tokens': { topK: 80, temperature: 3 },
  'top-p': { topK: TOP_K_ALL, topP: 0.6, temperature: 1.4 },
  'min-p': { topK: TOP_K_ALL, minP: 0.2, temperature: 2 },
  'top-k, top-p and min-p': { topK: 30, topP: 0.9, minP: 0.01, temperature: 1.7 },
  'penalties and a bias': {
    topK: 40,
    topP: 0.95,
    temperature: 1.3,
    frequencyPenalty: 0.5,
    repetitionPenalty: 1.2,
    logitBias: [[11, 2]],
  },
  'before min_new_tokens': { topK: 50, temperature: 2, minNewTokens: 10, stopTokenIds: STOP },
};

/** Tokens alone: no more of the rows is asked for than sampling needs. */
async function tokensOf(rig: DeviceRig, prompt: Int32Array, sampling: Partial<SamplingParams>) {
  const params = samplingOf(sampling);
  const story = newStory();
  const opens = [openOf(1, prompt.length, { sampling: params })];
  record(story, await rig.run({ opens, prefill: [prefillOf(1, prompt, 0, prompt.length)] }), 0);
  while ((story.flags.at(-1) ?? 0) === 0) {
    record(story, await rig.run({ decode: decodeOf(1) }), 0);
  }
  await rig.run({ frees: [1] });
  return story.tokens;
}

/** Tokens, and the whole row that each was drawn from. */
async function drawn(
  rig: DeviceRig,
  prompt: Int32Array,
  sampling: Partial<SamplingParams>,
): Promise<Story> {
  const story = newStory();
  const logprobs = everyLogprob(rig.spec.vocabSize, prompt.length);
  const opens = [openOf(0, prompt.length, { sampling: samplingOf(sampling), logprobs })];
  record(story, await rig.run({ opens, prefill: [prefillOf(0, prompt, 0, prompt.length)] }), 0);
  while ((story.flags.at(-1) ?? 0) === 0) {
    record(story, await rig.run({ decode: decodeOf(0) }), 0);
  }
  await rig.run({ frees: [0] });
  return story;
}

const greedy: Check = async (t, { rig, cpu, bound }) => {
  const prompt = promptOf(LENGTH, rig.spec.vocabSize, 11);
  for (const [name, rest] of Object.entries(GREEDY)) {
    const sampling = { maxNewTokens: NUM_TOKENS, ...rest };
    const story = await runAlone(rig, { slot: 2, prompt, sampling });
    // A repetition penalty scales raw logits, and their errors.
    const expected = await runAlone(cpu, { slot: 2, prompt, sampling });
    expectNear(t, 2 * bound, [story, expected], name);
    t.same(
      await tokensOf(rig, prompt, sampling),
      story.tokens,
      `${name}: without log-probabilities`,
    );
  }
};

const seeded: Check = async (t, { rig }) => {
  const prompt = promptOf(LENGTH, rig.spec.vocabSize, 12);
  const { vocabSize } = rig.spec;
  for (const [name, rest] of Object.entries(DRAWN)) {
    const sampling = samplingOf({ maxNewTokens: NUM_TOKENS, seed: 5, ...rest });
    const story = await drawn(rig, prompt, sampling);
    if (!rig.facts.determinism.repeats) continue;
    t.same(
      await tokensOf(rig, prompt, sampling),
      story.tokens,
      `${name}: again, from what it needs`,
    );
    // A draw that nothing limits walks the tokens behind the best ones in another order.
    if (sampling.topK === TOP_K_ALL && sampling.topP === 1 && sampling.minP === 0) continue;
    const sampler = new FullRowSampler();
    const expected = story.logprobs.map((row, i) =>
      sampler.sample(wholeRow(row, vocabSize), sampling, uniformAt(sampling, LENGTH + i)),
    );
    t.same(story.tokens, expected, `${name}: the tokens of these rows`);
  }
};

const seedsDiffer: Check = async (t, { rig }) => {
  const prompt = promptOf(LENGTH, rig.spec.vocabSize, 13);
  const sample = async (rest: Partial<SamplingParams>): Promise<string> => {
    const sampling = {
      maxNewTokens: NUM_TOKENS,
      topK: TOP_K_ALL,
      temperature: 1.5,
      seed: 3,
      ...rest,
    };
    return (await tokensOf(rig, prompt, sampling)).join();
  };
  const answers = [{}, { sampleIndex: 1 }, { seed: 4 }, { seedHigh: 1 }].map(
    (rest) => () => sample(rest),
  );
  const seen = new Set<string>();
  for (const answer of answers) seen.add(await answer());
  t.equal(seen.size, answers.length);
};

const minimum: Check = async (t, { rig }) => {
  const prompt = promptOf(LENGTH, rig.spec.vocabSize, 11);
  const free = await tokensOf(rig, prompt, { maxNewTokens: NUM_TOKENS });
  const [stop = 0] = free;
  const ends = await tokensOf(rig, prompt, { maxNewTokens: NUM_TOKENS, stopTokenIds: [stop] });
  t.same(ends, [stop]);
  const sampling = { maxNewTokens: NUM_TOKENS, minNewTokens: 6, stopTokenIds: [stop] };
  const tokens = await tokensOf(rig, prompt, sampling);
  t.ok(tokens.length >= 6);
  t.notOk(tokens.slice(0, 6).includes(stop));
  const biased = await tokensOf(rig, prompt, { maxNewTokens: 3, logitBias: [[42, 100]] });
  t.same(biased, [42, 42, 42]);
};

/** A grammar thread that allows the same few tokens always. */
function connectMasks(rig: DeviceRig): void {
  const { vocabSize } = rig.spec;
  const board = new MaskBoard({ numSlots: 6, vocabSize });
  const publish = (slot: number, ticket: number): void => {
    const mask = board.mask(slot).fill(0);
    for (const id of ALLOWED) mask[id >> 5] = (mask[id >> 5] ?? 0) | (1 << (id & 31));
    board.publish(slot, ticket, true);
  };
  const post = (message: ToMatchers): void => {
    if (message.kind === 'open') publish(message.slot, message.ticket);
    if (message.kind !== 'accept') return;
    for (let i = 0; i < message.tokens.length; i += 3) {
      publish(message.tokens[i] ?? 0, message.tokens[i + 1] ?? 0);
    }
  };
  rig.masks.connect({ post, close: () => undefined }, board);
}

const GRAMMAR = { spec: { kind: 'regex', pattern: '.*' }, after: null } as const;

const masked: Check = async (t, bench) => {
  const { rig } = bench;
  const { vocabSize } = rig.spec;
  const prompt = promptOf(LENGTH, vocabSize, 14);
  const plain = samplingOf({ maxNewTokens: 6 });
  const alone = await runAlone(rig, { slot: 4, prompt, sampling: plain });
  connectMasks(rig);
  for (const sampling of [
    plain,
    samplingOf({ maxNewTokens: 6, topK: TOP_K_ALL, temperature: 5 }),
  ]) {
    const stories = [newStory(), newStory()] as const;
    const logprobs = everyLogprob(vocabSize, LENGTH);
    const opens = [
      openOf(1, LENGTH, { sampling, logprobs, grammar: GRAMMAR }),
      openOf(4, LENGTH, { sampling: plain, logprobs: ALL_LOGPROBS }),
    ];
    const prefill = [1, 4].map((slot) => prefillOf(slot, prompt, 0, LENGTH));
    const results = [await rig.run({ opens, prefill })];
    while (results.length < 6) results.push(await rig.run({ decode: decodeOf(1, 4) }));
    await rig.run({ frees: [1, 4] });
    for (const result of results) {
      stories.forEach((story, planRow) => {
        record(story, result, planRow);
      });
    }
    const [story, other] = stories;
    t.equal(story.tokens.length, 6);
    t.ok(
      story.tokens.every((token) => ALLOWED.includes(token)),
      story.tokens.join(' '),
    );
    if (sampling === plain) {
      const best = story.logprobs.map((row) => bestAllowed(wholeRow(row, vocabSize)));
      t.same(story.tokens, best, 'the best that may come');
    }
    const kept = ['repeats', 'batches'] as const;
    expectSame(t, bench, [other, alone], { kept, message: 'the row beside it' });
  }
  rig.masks.disconnect();
};

function bestAllowed(row: Float32Array): number {
  return argmax(row.map((value, id) => (ALLOWED.includes(id) ? value : -Infinity)));
}

export const SAMPLING: Readonly<Record<string, Check>> = {
  'greedy tokens are the CPU’s, whatever changes the rows': greedy,
  'drawn tokens follow from the rows and the seed': seeded,
  'seeds and samples differ': seedsDiffer,
  'stop tokens wait for min_new_tokens, and a bias decides': minimum,
  'a grammar’s mask decides for its row alone': masked,
};
