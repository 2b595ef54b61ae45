import t from 'tap';
import { seededRandom, type Random } from '../../../../src/core/clock.js';
import { TOP_K_ALL, type SamplingParams } from '../../../../src/core/sampling-params.js';
import { argmax, FullRowSampler, largest } from '../../../../src/device/sampling/full-row.js';
import { uniformAt } from '../../../../src/device/sampling/rng.js';
import { NEEDS_FULL_ROW, Sampler, sampleTop } from '../../../../src/device/sampling/sampler.js';
import { headOf, openSampling, randomRow, samplingOf, sortedIds } from '../fixtures.js';

interface Allowed {
  readonly ids: readonly number[];
  readonly mass: number;
}

/** The oracle: sort everything, filter as the words say, walk. */
function allowed(row: Float32Array, params: SamplingParams): Allowed {
  const p = (id: number): number => Math.exp(row[id] ?? -Infinity);
  const massOf = (ids: readonly number[]): number => ids.reduce((sum, id) => sum + p(id), 0);
  const best = p(argmax(row));
  const byK = sortedIds(row).slice(0, params.topK);
  // SGLang: joint on one distribution, renormalised after top-k only where there is a min-p.
  const limit = params.topP * (params.minP > 0 ? massOf(byK) : massOf(sortedIds(row)));
  const ids: number[] = [];
  let sum = 0;
  for (const id of byK) {
    if (params.topP < 1 && ids.length > 0 && sum >= limit) break;
    sum += p(id);
    if (p(id) >= params.minP * best) ids.push(id);
  }
  return { ids, mass: massOf(ids) };
}

/** Without any filter, what follows the 64 best tokens may come in any order: it comes by id. */
function tailById(row: Float32Array): number[] {
  const ids = sortedIds(row);
  return [...ids.slice(0, 64), ...ids.slice(64).sort((a, b) => a - b)];
}

function oracle(row: Float32Array, { ids, mass }: Allowed, u: number): number {
  let sum = 0;
  for (const id of ids) {
    sum += Math.exp(row[id] ?? -Infinity);
    if (sum > u * mass) return id;
  }
  return ids.at(-1) ?? -1;
}

function randomFilters(random: Random, vocabSize: number): Partial<SamplingParams> {
  const topKs = [TOP_K_ALL, 1, 2, 20, 63, 64, 65, 100, vocabSize - 1, vocabSize];
  return {
    topK: topKs[Math.floor(random() * topKs.length)] ?? TOP_K_ALL,
    topP: random() < 0.5 ? 1 : 0.01 + random() * 0.98,
    minP: random() < 0.6 ? 0 : random() * 0.3,
  };
}

t.test('every sampled token is the one that sorting the whole row gives', (t) => {
  const sampler = new Sampler();
  let fromTop = 0;
  for (let seed = 1; seed <= 4000; seed++) {
    const random = seededRandom(seed);
    const vocabSize = [5, 64, 65, 300, 700][seed % 5] ?? 5;
    const row = randomRow(random, vocabSize, random() * 24);
    const params = openSampling(randomFilters(random, vocabSize));
    const u = random();
    const head = headOf([new Float32Array(vocabSize).fill(-3), row]);
    const set = allowed(row, params);
    const isWhole = params.topK >= vocabSize && params.topP === 1 && params.minP === 0;
    const expectedFull = oracle(row, set, u);
    const expected = isWhole ? oracle(row, { ...set, ids: tailById(row) }, u) : expectedFull;
    const token = sampler.sample(head, 1, params, u);
    if (token !== expected) t.fail(`seed ${seed}: ${token} instead of ${expected}`);
    if (sampleTop(head, 1, params, u) !== NEEDS_FULL_ROW) fromTop++;
    const full = new FullRowSampler().sample(row, params, u);
    if (full !== expectedFull)
      t.fail(`seed ${seed}: the whole row gives ${full}, not ${expectedFull}`);
  }
  t.ok(fromTop > 1000 && fromTop < 3900, `${fromTop} of 4000 draws ended among the best tokens`);
  t.end();
});

t.test('tokens come as often as their probability says', (t) => {
  const row = randomRow(seededRandom(5), 300, 6);
  const head = headOf([row]);
  const sampler = new Sampler();
  for (const filters of [{}, { topK: 40, topP: 0.8 }, { topK: 120 }, { minP: 0.1 }]) {
    const params = openSampling(filters);
    const { ids, mass } = allowed(row, params);
    const counts = new Map<number, number>();
    const draws = 20_000;
    for (let position = 0; position < draws; position++) {
      const token = sampler.sample(
        head,
        0,
        params,
        uniformAt({ seed: 99, seedHigh: 0, sampleIndex: 0 }, position),
      );
      counts.set(token, (counts.get(token) ?? 0) + 1);
    }
    const chiSquare = ids.reduce((sum, id) => {
      const expected = (draws * Math.exp(row[id] ?? 0)) / mass;
      return sum + ((counts.get(id) ?? 0) - expected) ** 2 / expected;
    }, 0);
    const freedom = ids.length - 1;
    // Mean `freedom`, deviation sqrt(2 freedom); five deviations for a fixed seed.
    t.ok(chiSquare < freedom + 5 * Math.sqrt(2 * freedom), `chi-square ${chiSquare} of ${freedom}`);
    t.same(
      [...counts.keys()].filter((id) => !ids.includes(id)),
      [],
      'nothing outside the filters',
    );
  }
  t.end();
});

t.test('among equal tokens the lowest id comes first, greedy and filtered', (t) => {
  const row = new Float32Array(200).fill(-Math.log(200));
  const head = headOf([row]);
  const sampler = new Sampler();
  t.equal(sampler.sample(head, 0, samplingOf(), 0.7), 0);
  t.equal(sampler.sample(head, 0, openSampling({ topK: 4 }), 0.999), 3);
  t.equal(sampler.sample(head, 0, openSampling({ topK: 100 }), 0.999), 99);
  t.equal(argmax(row), 0);
  t.same(largest(row, 3), [0, 1, 2]);
  t.end();
});

t.test('top-k and top-p filter one distribution, unless there is a min-p', (t) => {
  const probabilities = [0.409, 0.266, 0.198, 0.07, 0.04, 0.017];
  const row = Float32Array.from(probabilities, Math.log);
  const head = headOf([row]);
  const last = (filters: Partial<SamplingParams>): number =>
    new Sampler().sample(head, 0, openSampling({ topK: 4, topP: 0.906, ...filters }), 0.99999);
  t.equal(last({}), 3, 'four of them: 0.873 is less than 0.906');
  t.equal(last({ minP: 0.01 }), 2, 'three: 0.873 of 0.943 is more');
  t.end();
});

t.test('masked tokens are never chosen', (t) => {
  const row = Float32Array.of(-Infinity, -Infinity, Math.log(0.25), Math.log(0.75));
  const full = new FullRowSampler();
  for (const u of [0, 0.2, 0.74, 0.76, 0.9999999]) {
    const token = full.sample(row, openSampling(), u);
    t.equal(token, u < 0.75 ? 3 : 2, `u = ${u}`);
  }
  t.end();
});

t.test('the best ids of a row are those of a full sort', (t) => {
  for (let seed = 1; seed <= 50; seed++) {
    const row = randomRow(seededRandom(seed), 500, 3).map((x) => Math.round(x * 8) / 8);
    t.same(largest(row, 100), sortedIds(row).slice(0, 100), `seed ${seed}`);
  }
  t.end();
});
