import t from 'tap';
import { seededRandom } from '../../../../src/core/clock.js';
import type { SamplingParams } from '../../../../src/core/sampling-params.js';
import {
  adjustRow,
  needsAdjusting,
  needsLogits,
  TokenCounts,
} from '../../../../src/device/sampling/penalties.js';
import { headOf, logSoftmax, openSampling } from '../fixtures.js';

const VOCAB = 120;
const OUTPUTS = Int32Array.of(3, 5, 5, 5, 9);

/** The formulas of SGLang on raw logits, in its order. */
function oracle(logits: Float64Array, params: SamplingParams, numOutputs: number): Float32Array {
  const out = logits.slice();
  for (const id of new Set(OUTPUTS)) {
    const count = OUTPUTS.filter((other) => other === id).length;
    out[id] = (out[id] ?? 0) - params.frequencyPenalty * count - params.presencePenalty;
  }
  for (const id of new Set(OUTPUTS)) {
    const value = out[id] ?? 0;
    out[id] = value > 0 ? value / params.repetitionPenalty : value * params.repetitionPenalty;
  }
  if (numOutputs < params.minNewTokens) for (const id of params.stopTokenIds) out[id] = -Infinity;
  for (const [id, bias] of params.logitBias) out[id] = (out[id] ?? 0) + bias;
  return logSoftmax(out.map((value) => value / params.temperature));
}

t.test('every change of the distribution follows its formula', (t) => {
  const cases: Partial<SamplingParams>[] = [
    { frequencyPenalty: 0.7 },
    { presencePenalty: -1.5 },
    { repetitionPenalty: 1.3 },
    {
      logitBias: [
        [7, 5],
        [3, -100],
      ],
    },
    { minNewTokens: 8, stopTokenIds: [4, 11] },
    {
      frequencyPenalty: 1,
      presencePenalty: 0.5,
      repetitionPenalty: 0.8,
      logitBias: [[5, 2]],
      minNewTokens: 9,
      stopTokenIds: [5],
    },
  ];
  for (const [index, overrides] of cases.entries()) {
    for (const temperature of [1, 0.6, 1.7]) {
      const random = seededRandom(index + 1);
      const logits = Float64Array.from({ length: VOCAB }, () => Math.fround((random() - 0.5) * 12));
      const params = openSampling({ temperature, ...overrides });
      const graphLogprobs = logSoftmax(logits.map((value) => value / temperature));
      const raw = needsLogits(params) ? Float32Array.from(logits) : null;
      const out = new Float32Array(VOCAB);
      const counts = new TokenCounts(OUTPUTS);
      adjustRow(out, headOf([graphLogprobs], raw), 0, {
        params,
        counts,
        numOutputs: OUTPUTS.length,
      });
      const expected = oracle(logits, params, OUTPUTS.length);
      const worst = Math.max(...out.map((value, id) => difference(value, expected[id] ?? NaN)));
      t.ok(worst < 1e-5, `${JSON.stringify(overrides)} at ${temperature}: off by ${worst}`);
    }
  }
  t.end();
});

/** Relative for large values: f32 has 24 bits. */
function difference(a: number, b: number): number {
  return Object.is(a, b) ? 0 : Math.abs(a - b) / (1 + Math.abs(b));
}

t.test('a plain request keeps the distribution of the graph', (t) => {
  t.equal(needsAdjusting(openSampling({ stopTokenIds: [2] }), 0), false);
  t.equal(needsAdjusting(openSampling({ stopTokenIds: [2], minNewTokens: 3 }), 2), true);
  t.equal(needsAdjusting(openSampling({ stopTokenIds: [2], minNewTokens: 3 }), 3), false);
  t.equal(needsAdjusting(openSampling({ minNewTokens: 3 }), 0), false, 'nothing to mask');
  t.end();
});

t.test('counts of a resumed request are those of one that never stopped', (t) => {
  const resumed = new TokenCounts(OUTPUTS);
  const lived = new TokenCounts(new Int32Array(0));
  for (const id of OUTPUTS) lived.addOutput(id);
  t.same(resumed, lived);
  t.end();
});
