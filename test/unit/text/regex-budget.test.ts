import t from 'tap';

import { RegexBudgetError, RegexPool, type RegexMeter } from '../../../src/text/regex-budget.js';

const nextTurn = (fn: () => void): void => {
  fn();
};

/** Steps until the meter says no, a thousand at a time. */
function drain(meter: RegexMeter, limit = 10_000_000): number {
  for (let steps = 1000; steps <= limit; steps += 1000) {
    try {
      meter.charge(1000);
    } catch (error) {
      if (error instanceof RegexBudgetError) return steps;
      throw error;
    }
  }
  return limit;
}

t.test('one request may take all of the burst, and more with the time', (t) => {
  let nowMs = 0;
  const meter = new RegexPool(() => nowMs, nextTurn).meter();
  const burst = drain(meter);
  t.ok(burst >= 100_000 && burst <= 160_000, String(burst));
  t.throws(() => {
    meter.charge(1);
  }, RegexBudgetError);
  nowMs = 10_000;
  t.doesNotThrow(() => {
    meter.charge(75_000);
  });
  t.end();
});

t.test('who spends more than a share fails, who spends less goes on', (t) => {
  let nowMs = 0;
  const pool = new RegexPool(() => nowMs, nextTurn);
  const modest = Array.from({ length: 9 }, () => pool.meter());
  for (const meter of modest) meter.charge(100);
  const greedy = pool.meter();
  for (let round = 0; round < 20; round++) {
    t.ok(drain(greedy) < 200_000);
    for (const meter of modest) meter.charge(100);
    nowMs += 10;
  }
  t.end();
});

t.test('all together take no more than a burst and a loan at once, however many they are', (t) => {
  const pool = new RegexPool(() => 0, nextTurn);
  const meters = Array.from({ length: 500 }, () => pool.meter());
  const total = meters.reduce((sum, meter) => sum + drain(meter) - 1000, 0);
  t.ok(total <= 160_000, String(total));
  t.end();
});

t.test('over ten seconds they take no more than the rate', (t) => {
  let nowMs = 0;
  const pool = new RegexPool(() => nowMs, nextTurn);
  let total = 0;
  for (; nowMs < 10_000; nowMs += 5) total += drain(pool.meter()) - 1000;
  t.ok(total > 30_000_000 && total < 42_000_000, String(total));
  t.end();
});

t.test('nothing is gained within a turn of the loop, however long it takes', async (t) => {
  let nowMs = 0;
  const pool = new RegexPool(() => nowMs++);
  const total = (): number =>
    Array.from({ length: 100 }, () => drain(pool.meter()) - 1000).reduce((a, b) => a + b);
  t.ok(total() <= 160_000);
  t.ok(total() <= 1000);
  await new Promise(setImmediate);
  t.ok(total() > 75_000);
});
