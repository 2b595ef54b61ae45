/** A row that need not be whole is never read but for its best entries. */
import t from 'tap';
import { seededRandom, type Random } from '../../../../src/core/clock.js';
import { TOP_K_ALL, type SamplingParams } from '../../../../src/core/sampling-params.js';
import { DeviceSlot } from '../../../../src/device/generate/device-slot.js';
import { needsWholeRow, RowSampler } from '../../../../src/device/generate/row-sampler.js';
import { StepOutput } from '../../../../src/device/generate/step-output.js';
import type { HeadRows } from '../../../../src/device/sampling/head-rows.js';
import { headOf, openSampling, randomRow, samplingOf } from '../fixtures.js';
import { openOf } from '../runner-harness.js';

const NUM_SEEDS = 4000;

function oneOf<T>(random: Random, values: readonly T[]): T {
  const value = values[Math.floor(random() * values.length)];
  if (value === undefined) throw new Error('of nothing');
  return value;
}

/** Mostly plain requests: those that change rows need whole ones. */
function randomParams(random: Random, vocabSize: number): SamplingParams {
  const isPlain = random() < 0.8;
  return openSampling({
    seed: Math.floor(random() * 1e6),
    topK: oneOf(random, [1, 2, 20, 63, 64, 65, vocabSize - 1, vocabSize, TOP_K_ALL]),
    topP: oneOf(random, [1, 1, 0.99, 0.5, 0.01]),
    minP: oneOf(random, [0, 0, 0.001, 0.3]),
    frequencyPenalty: isPlain ? 0 : 0.5,
    logitBias: isPlain || random() < 0.5 ? [] : [[1, 3]],
    minNewTokens: oneOf(random, [0, 2]),
    stopTokenIds: oneOf(random, [[], [], [3, 4]]),
  });
}

function tokenOf(head: HeadRows, params: SamplingParams, prior: Int32Array): Int32Array {
  const slot = new DeviceSlot(openOf(0, 5, { sampling: params, priorOutputIds: prior }));
  const output = new StepOutput(0, null);
  new RowSampler(head).sample(slot, null, { row: 1, planRow: 0, output });
  return output.result({ startMs: 0, loadUs: 0, prefillUs: 0, decodeUs: 0, lastStoreUs: 0 }).tokens;
}

t.test('where it is false the token is the same without the row', (t) => {
  const seen = { yes: 0, no: 0 };
  for (let seed = 1; seed <= NUM_SEEDS; seed++) {
    const random = seededRandom(seed);
    const vocabSize = oneOf(random, [5, 63, 64, 65, 200]);
    const row = randomRow(random, vocabSize, oneOf(random, [0.1, 3, 30]));
    const params = randomParams(random, vocabSize);
    const prior = Int32Array.from(oneOf(random, [[], [1], [1, 2, 3]]));
    const head = headOf([new Float32Array(vocabSize).fill(-3), row]);
    const slot = new DeviceSlot(openOf(0, 5, { sampling: params, priorOutputIds: prior }));
    if (needsWholeRow(slot, head)) {
      seen.yes++;
      continue;
    }
    seen.no++;
    const expected = tokenOf(head, params, prior);
    const poisoned = { ...head, logprobs: new Float32Array(head.logprobs.length).fill(NaN) };
    const actual = tokenOf(poisoned, params, prior);
    if (String(actual) !== String(expected)) {
      t.same(actual, expected, `seed ${seed}: ${JSON.stringify({ vocabSize, ...params })}`);
    }
  }
  t.ok(seen.no > NUM_SEEDS / 4 && seen.yes > NUM_SEEDS / 8, JSON.stringify(seen));
  t.end();
});

t.test('most requests need no whole rows: they are why a GPU need not send them', (t) => {
  const head = headOf([new Float32Array(200)]);
  const needs = (params: Partial<SamplingParams>, rest: Parameters<typeof openOf>[2] = {}) =>
    needsWholeRow(new DeviceSlot(openOf(0, 5, { sampling: samplingOf(params), ...rest })), head);
  t.notOk(needs({ topK: 1 }));
  t.notOk(needs({ topK: 64, topP: 0.9, minP: 0.1 }));
  t.ok(needs({ topK: 65 }));
  t.ok(needs({ topK: TOP_K_ALL }));
  t.ok(needs({ logitBias: [[1, 1]] }));
  t.ok(needs({ presencePenalty: 0.1 }));
  t.ok(needs({ repetitionPenalty: 1.1 }));
  t.ok(needs({ minNewTokens: 1, stopTokenIds: [2] }));
  t.notOk(needs({ minNewTokens: 1, stopTokenIds: [2] }, { priorOutputIds: Int32Array.of(5) }));
  t.ok(needs({}, { logprobs: { startLen: 0, topNum: 0, tokenIds: [] } }));
  t.ok(needs({}, { grammar: { spec: { kind: 'regex', pattern: 'a' }, after: null } }));
  t.notOk(
    needsWholeRow(
      new DeviceSlot(openOf(0, 5, { sampling: openSampling() })),
      headOf([new Float32Array(64)]),
    ),
    'all entries are among the best',
  );
  t.end();
});
