import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { RESULT_FAILED, RESULT_LENGTH, RESULT_STOP } from '../../../../src/core/batch.js';
import { openSampling, samplingOf } from '../fixtures.js';
import {
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

const NAME = 'llama-plain';
const model = await tinyModel(NAME);
const { vocabSize } = model.spec;
const harness = await Harness.create(model);
t.teardown(() => harness.release());

const PROMPT = promptOf(20, vocabSize, 4);
const greedy = await runAlone(harness, { slot: 0, prompt: PROMPT, sampling: { maxNewTokens: 12 } });

t.test('prompt log-probabilities are those of transformers', async (t) => {
  const golden = JSON.parse(await readFile(join(fixtureFolder(NAME), 'golden.json'), 'utf8')) as {
    inputIds: number[];
    logprobs: number[][];
  };
  const prompt = Int32Array.from(golden.inputIds);
  const all = { startLen: 0, topNum: vocabSize, tokenIds: [] };
  const opens = [openOf(2, prompt.length, { logprobs: all })];
  const prefill = [prefillOf(2, prompt, 0, prompt.length)];
  const { logprobRows } = await harness.run({ opens, prefill, frees: [2] });
  t.equal(logprobRows.length, prompt.length, 'all but the first token, and one output');
  for (const row of logprobRows) {
    const position = row.part === 'prompt' ? row.position : prompt.length;
    if (row.part === 'prompt') t.equal(row.ids[0], prompt[position]);
    const worst = Math.max(
      ...row.ids.map((id, i) =>
        Math.round(
          1e6 * Math.abs((golden.logprobs[position - 1]?.[id] ?? NaN) - (row.values[i] ?? NaN)),
        ),
      ),
    );
    t.ok(worst < 100, `position ${position}: off by ${worst}e-6`);
  }
});

t.test('a greedy token is the best one of its own log-probabilities', (t) => {
  const outputs = greedy.logprobs.filter((row) => row.part === 'output');
  for (const [index, row] of outputs.entries()) {
    t.equal(row.position, index);
    t.equal(row.ids[0], greedy.tokens[index]);
    t.equal(row.ids[1], row.ids[0]);
    t.equal(row.values[1], row.values[0]);
  }
  t.end();
});

t.test('more than 64 best tokens come from the whole row', async (t) => {
  const opens = [openOf(1, 20, { logprobs: { startLen: 20, topNum: 80, tokenIds: [] } })];
  const prefill = [prefillOf(1, PROMPT, 0, 20)];
  const { logprobRows } = await harness.run({ opens, prefill, frees: [1] });
  const values = logprobRows[0]?.values.subarray(1) ?? new Float32Array(0);
  t.equal(values.length, 80);
  t.same(values, values.slice().sort().reverse());
});

t.test('a slot ends at max_new_tokens and skips what a later step still asks of it', async (t) => {
  t.equal(greedy.tokens.length, 12);
  t.same(greedy.flags, [...new Array<number>(11).fill(0), RESULT_LENGTH]);
  const opens = [openOf(0, 20, { sampling: samplingOf({ maxNewTokens: 1 }) })];
  const first = await harness.run({ opens, prefill: [prefillOf(0, PROMPT, 0, 20)] });
  t.equal(first.tokens[2], RESULT_LENGTH);
  const wasted = await harness.run({ decode: decodeOf(0), frees: [0] });
  t.equal(wasted.tokens.length, 0);
});

t.test('a slot ends on a stop token, which is its last token', async (t) => {
  const stop = greedy.tokens[4] ?? -1;
  const at = greedy.tokens.indexOf(stop);
  const sampling = { maxNewTokens: 12, stopTokenIds: [stop] };
  const story = await runAlone(harness, { slot: 3, prompt: PROMPT, sampling });
  t.same(story.tokens, greedy.tokens.slice(0, at + 1));
  t.equal(story.flags.at(-1), RESULT_STOP);
});

t.test('stop tokens are impossible before min_new_tokens', async (t) => {
  const stop = greedy.tokens[0] ?? -1;
  const sampling = { maxNewTokens: 12, minNewTokens: 6, stopTokenIds: [stop] };
  const story = await runAlone(harness, { slot: 3, prompt: PROMPT, sampling });
  t.ok(story.tokens.length >= 6);
  t.notOk(story.tokens.slice(0, 6).includes(stop));
});

t.test('ignore_eos ends nothing, and masks its stop tokens before min_new_tokens', async (t) => {
  const stop = greedy.tokens[0] ?? -1;
  const ids = { stopTokenIds: [stop], ignoreEos: true };
  const unmasked = { slot: 3, prompt: PROMPT, sampling: { maxNewTokens: 12, ...ids } };
  t.same((await runAlone(harness, unmasked)).tokens, greedy.tokens);
  const sampling = { maxNewTokens: 12, minNewTokens: 6, ...ids };
  const story = await runAlone(harness, { slot: 3, prompt: PROMPT, sampling });
  t.equal(story.tokens.length, 12);
  t.notOk(story.tokens.slice(0, 6).includes(stop));
});

t.test('a thought that has used up its budget is closed, also after a retraction', async (t) => {
  const unlike = [1, 2].map((id) => (greedy.tokens.includes(id) ? id + 40 : id));
  const thoughtBudget = { start: [], end: unlike, maxTokens: 5 };
  const sampling = { maxNewTokens: 12, thoughtBudget };
  const story = await runAlone(harness, { slot: 3, prompt: PROMPT, sampling });
  t.same(story.tokens.slice(0, 7), [...greedy.tokens.slice(0, 5), ...unlike]);
  const [first = -1] = greedy.tokens;
  const none = { maxNewTokens: 12, thoughtBudget: { ...thoughtBudget, start: [first + 1] } };
  t.same(
    (await runAlone(harness, { slot: 3, prompt: PROMPT, sampling: none })).tokens,
    greedy.tokens,
  );

  const given = story.tokens.slice(0, 6);
  const again = newStory();
  const whole = Int32Array.from([...PROMPT, ...given]);
  const opens = [
    openOf(3, PROMPT.length, {
      sampling: samplingOf(sampling),
      priorOutputIds: Int32Array.from(given),
    }),
  ];
  const prefill = [prefillOf(3, whole, 0, whole.length)];
  record(again, await harness.run({ opens, prefill, frees: [3] }), 0);
  t.same(again.tokens, unlike.slice(1));
});

t.test('max_new_tokens 0 computes and scores the prompt, and yields no token', async (t) => {
  const sampling = samplingOf({ maxNewTokens: 0 });
  const logprobs = { startLen: 0, topNum: 0, tokenIds: [] };
  const opens = [openOf(0, 20, { sampling, logprobs })];
  const result = await harness.run({ opens, prefill: [prefillOf(0, PROMPT, 0, 20)], frees: [0] });
  t.equal(result.tokens.length, 0);
  t.same(
    result.logprobRows.map((row) => row.position),
    Array.from({ length: 19 }, (_, i) => i + 1),
  );
});

t.test('the samples of one seeded request differ, and repeat', async (t) => {
  const sample = async (sampleIndex: number): Promise<string> => {
    const sampling = openSampling({ temperature: 1.5, seed: 3, sampleIndex });
    return (await runAlone(harness, { slot: 0, prompt: PROMPT, sampling })).tokens.join();
  };
  t.equal(await sample(0), await sample(0));
  t.not(await sample(0), await sample(1));
});

t.test('a logit bias decides the token and its log-probability', async (t) => {
  const sampling = { maxNewTokens: 3, logitBias: [[42, 100]] as const };
  const story = await runAlone(harness, { slot: 0, prompt: PROMPT, sampling });
  t.same(story.tokens, [42, 42, 42]);
  const last = story.logprobs.at(-1);
  t.ok(Math.abs(last?.values[0] ?? 1) < 1e-6, 'normalised after the bias');
});

t.test('a request without a distribution fails alone', async (t) => {
  const impossible = Array.from({ length: vocabSize }, (_, id) => [id, -Infinity] as const);
  const opens = [
    openOf(0, 20, { sampling: samplingOf({ logitBias: impossible }) }),
    openOf(1, 20, { sampling: samplingOf({ maxNewTokens: 12 }) }),
  ];
  const prefill = [0, 1].map((slot) => prefillOf(slot, PROMPT, 0, 20));
  const first = await harness.run({ opens, prefill });
  t.same(first.tokens, Int32Array.of(0, 0, RESULT_FAILED, 1, greedy.tokens[0] ?? -1, 0));
  const second = await harness.run({ decode: decodeOf(0, 1), frees: [0, 1] });
  t.same(second.tokens, Int32Array.of(1, greedy.tokens[1] ?? -1, 0));
});

t.test('a cancelled slot skips its remaining runs, but not rows that are stored', async (t) => {
  const long = promptOf(100, vocabSize, 9);
  const logprobs = { startLen: 0, topNum: 0, tokenIds: [] };
  const cancelAfter = async (numRuns: number, storedRows: number): Promise<number> => {
    let runs = 0;
    const opens = [openOf(0, 100, { logprobs })];
    const result = await harness.run({ opens, prefill: [prefillOf(0, long, 0, 100)] }, () => {
      if (runs++ === numRuns) harness.cancel(0, storedRows);
    });
    const later = await harness.run({ decode: decodeOf(0), frees: [0] });
    t.equal(result.tokens.length + later.tokens.length, 0, 'no token either way');
    return result.logprobRows.length;
  };
  t.equal(await cancelAfter(0, 0), 0);
  t.equal(await cancelAfter(1, 0), 64, 'one run of 64 scored rows');
  t.equal(await cancelAfter(0, 65), 99, 'both runs, for the store');
});

t.test('result rows name their plan rows, fillers and replays none', async (t) => {
  const opens = [0, 1, 2, 3].map((slot) => openOf(slot, 20, { sampling: samplingOf() }));
  const prefill = [0, 1, 2, 3].map((slot) => prefillOf(slot, PROMPT, 0, 20));
  const first = await harness.run({ opens, prefill });
  t.same(
    [0, 1, 2, 3].map((row) => first.tokens[row * 3]),
    [0, 1, 2, 3],
  );
  const decode = Int32Array.of(3, -1, 1, 0, greedy.tokens[0] ?? 0, 0);
  const second = await harness.run({ decode });
  t.same(second.tokens, Int32Array.of(0, greedy.tokens[1] ?? -1, 0));
  const story = newStory();
  record(story, await harness.run({ decode: decodeOf(0, 1), frees: [0, 1, 2, 3] }), 1);
  t.same(story.tokens, [greedy.tokens[1]], 'slot 1 was a filler and goes on where it was');
});

t.test('a plan for a slot that is not open is a bug, loudly', async (t) => {
  await t.rejects(harness.run({ decode: decodeOf(4) }), /slot 4 is not open/);
  const gap = harness.run({ opens: [openOf(4, 20)], prefill: [prefillOf(4, PROMPT, 10, 20)] });
  await t.rejects(gap, /no row 9 to build on/);
});
