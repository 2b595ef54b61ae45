/** Against the whole row, masked and sorted. */
import t, { type Test } from 'tap';

import { seededRandom, type Random } from '../../../../src/core/clock.js';
import { TOP_K_ALL, type SamplingParams } from '../../../../src/core/sampling-params.js';
import { FullRowSampler } from '../../../../src/device/sampling/full-row.js';
import { sampleAllowed } from '../../../../src/device/sampling/masked-sampler.js';
import { maskRow } from '../../../../src/device/sampling/masked-row.js';
import { NEEDS_FULL_ROW } from '../../../../src/device/sampling/sampler.js';
import { headOf, logSoftmax, openSampling, randomRow } from '../fixtures.js';

function randomMask(random: Random, vocabSize: number): Int32Array {
  const share = [0.02, 0.3, 0.9, 0.99][Math.floor(random() * 4)] ?? 1;
  const mask = new Int32Array(Math.ceil(vocabSize / 32));
  for (let id = 0; id < vocabSize; id++) {
    if (random() < share) mask[id >> 5] = (mask[id >> 5] ?? 0) | (1 << (id & 31));
  }
  return mask;
}

function randomFilters(random: Random, vocabSize: number): Partial<SamplingParams> {
  const topKs = [TOP_K_ALL, TOP_K_ALL, 1, 2, 20, 64, 100, vocabSize - 1];
  return {
    topK: topKs[Math.floor(random() * topKs.length)] ?? TOP_K_ALL,
    topP: random() < 0.5 ? 1 : 0.01 + random() * 0.98,
    minP: random() < 0.6 ? 0 : random() * 0.3,
  };
}

t.test('a token from the best ones is that of the whole row', (t) => {
  const full = new FullRowSampler();
  let numFromTop = 0;
  let numTail = 0;
  for (let seed = 1; seed <= 6000; seed++) {
    const random = seededRandom(seed);
    const vocabSize = [5, 64, 65, 300, 700][seed % 5] ?? 5;
    const row = randomRow(random, vocabSize, random() * 30);
    const mask = randomMask(random, vocabSize);
    const params = openSampling(randomFilters(random, vocabSize));
    const u = random();
    const head = headOf([new Float32Array(vocabSize).fill(-3), row]);
    const token = sampleAllowed(head, 1, mask, params, u);
    const masked = new Float32Array(vocabSize);
    if (!maskRow(masked, row, mask) || token === NEEDS_FULL_ROW) continue;
    const isOpen = params.topK >= vocabSize && params.topP === 1 && params.minP === 0;
    if (isOpen && !head.topIds.subarray(head.topCount).includes(BigInt(token))) {
      // Behind the best tokens the order is another one, of the same probabilities.
      t.ok((masked[token] ?? -Infinity) > -Infinity);
      numTail++;
      continue;
    }
    numFromTop++;
    const expected = full.sample(masked, params, u);
    if (token !== expected) t.fail(`seed ${seed}: ${token} instead of ${expected}`);
  }
  t.ok(numFromTop > 3000, `${numFromTop} draws`);
  t.ok(numTail > 20, `${numTail} draws behind the best`);
  t.end();
});

/** Draws at even places, and compares how often each token comes with its share of what the mask leaves. */
function compareShares(t: Test, row: Float32Array, mask: Int32Array): void {
  const head = headOf([row]);
  const masked = new Float32Array(row.length);
  maskRow(masked, row, mask);
  const counts = new Float64Array(row.length);
  const draws = 40_000;
  for (let i = 0; i < draws; i++) {
    const token = sampleAllowed(head, 0, mask, openSampling(), (i + 0.5) / draws);
    counts[token] = (counts[token] ?? 0) + 1;
  }
  counts.forEach((count, id) => {
    const expected = draws * Math.exp(masked[id] ?? -Infinity);
    t.ok(Math.abs(count - expected) < 3, `token ${id}: ${count} times, not ${expected}`);
  });
}

t.test('tokens come as often as what is left of their probability', (t) => {
  compareShares(t, randomRow(seededRandom(3), 300, 5), randomMask(seededRandom(8), 300));
  t.end();
});

t.test('a mask that forbids little but the probable leaves the rest its shares', (t) => {
  const random = seededRandom(9);
  const vocabSize = 300;
  const probable = [20, 20.3, 20.7];
  const logits = Float64Array.from({ length: vocabSize }, (_, id) => probable[id - 70] ?? random());
  const mask = new Int32Array(Math.ceil(vocabSize / 32)).fill(-1);
  mask[70 >> 5] = ~(0b111 << (70 & 31));
  compareShares(t, logSoftmax(logits), mask);
  t.end();
});
