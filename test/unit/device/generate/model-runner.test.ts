import t from 'tap';
import { RESULT_FAILED, RESULT_LENGTH, RESULT_STOP } from '../../../../src/core/batch.js';
import { samplingOf } from '../fixtures.js';
import {
  decodeOf,
  Harness,
  newStory,
  openOf,
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

const PROMPT = promptOf(20, vocabSize, 4);
const greedy = await runAlone(harness, { slot: 0, prompt: PROMPT, sampling: { maxNewTokens: 12 } });

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
