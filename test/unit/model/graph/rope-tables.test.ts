import t from 'tap';

import { inverseFrequencies, ropeTables } from '../../../../src/model/graph/rope-tables.js';

t.test('the first row is no rotation, and the tables hold cos and sin of the same angles', (t) => {
  const { cos, sin } = ropeTables({ type: 'default', theta: 10_000 }, 8, 3);
  t.same([cos.length, sin.length], [12, 12]);
  t.same([...cos.subarray(0, 4)], [1, 1, 1, 1]);
  t.same([...sin.subarray(0, 4)], [0, 0, 0, 0]);
  cos.forEach((value, i) => t.ok(Math.abs(value ** 2 + (sin[i] ?? 0) ** 2 - 1) < 1e-6));
  t.ok(Math.abs((sin[8] ?? 0) - Math.sin(2)) < 1e-6, 'position 2 turns the fastest pair by 2 rad');
  t.end();
});

t.test('linear scaling divides every frequency', (t) => {
  const plain = inverseFrequencies({ type: 'default', theta: 100 }, 16);
  const linear = inverseFrequencies({ type: 'linear', theta: 100, factor: 4 }, 16);
  t.same([...linear], [...plain.map((frequency) => frequency / 4)]);
  t.end();
});

t.test('llama3 keeps short wavelengths and stretches long ones', (t) => {
  const theta = 500_000;
  const plain = inverseFrequencies({ type: 'default', theta }, 128);
  const scaled = inverseFrequencies(
    {
      type: 'llama3',
      theta,
      factor: 8,
      lowFreqFactor: 1,
      highFreqFactor: 4,
      originalContextLength: 8192,
    },
    128,
  );
  t.equal(scaled[0], plain[0]);
  t.equal(scaled[63], Math.fround((plain[63] ?? 0) / 8));
  const between = scaled.filter((frequency, i) => {
    const original = plain[i] ?? 0;
    return frequency < original && frequency > original / 8 + 1e-12;
  });
  t.ok(between.length > 0, 'some lie between');
  t.end();
});

t.test('yarn multiplies cos and sin by the attention factor', (t) => {
  const rope = {
    type: 'yarn',
    theta: 10_000,
    factor: 4,
    originalContextLength: 32,
    attentionFactor: 1.25,
    betaFast: 32,
    betaSlow: 1,
    truncate: true,
  } as const;
  const { cos } = ropeTables(rope, 16, 1);
  t.same([...cos], new Array(8).fill(1.25));
  t.end();
});
