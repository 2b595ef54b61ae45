import t from 'tap';

import { runLoad } from '../../../../src/cli/bench/load.js';
import { createRandom } from '../../../../src/cli/bench/random.js';

const BASE = { requestRate: Infinity, maxConcurrency: Infinity, random: createRandom(1) };
const ROWS = [0, 1, 2, 3, 4, 5, 6, 7];

t.test('so many run at once, in their order', async (t) => {
  for (const maxConcurrency of [1, 3, Infinity]) {
    let running = 0;
    let most = 0;
    const started: number[] = [];
    const send = async (row: number): Promise<number> => {
      started.push(row);
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running -= 1;
      return 10 * row;
    };
    const signal = new AbortController().signal;
    const results = await runLoad(ROWS, send, { ...BASE, maxConcurrency, signal });
    t.equal(most, Math.min(maxConcurrency, ROWS.length));
    t.strictSame(started, ROWS);
    t.strictSame(
      results,
      ROWS.map((row) => 10 * row),
    );
  }
});

t.test('arrivals are as far apart as they were drawn', async (t) => {
  const times: number[] = [];
  const startMs = performance.now();
  const send = (): Promise<null> => {
    times.push(performance.now() - startMs);
    return Promise.resolve(null);
  };
  const signal = new AbortController().signal;
  await runLoad(ROWS, send, { ...BASE, requestRate: 200, random: createRandom(5), signal });
  const random = createRandom(5);
  let dueMs = 0;
  for (const atMs of times) {
    t.ok(atMs >= dueMs, `${atMs} is not before ${dueMs}`);
    dueMs += random.exponential(5);
  }
});

t.test('gaps of a Poisson process', (t) => {
  const random = createRandom(9);
  const gaps = Array.from({ length: 20_000 }, () => random.exponential(4));
  const mean = gaps.reduce((a, b) => a + b) / gaps.length;
  t.ok(Math.abs(mean - 4) < 0.1, `mean ${mean}`);
  const share = gaps.filter((gap) => gap > 4).length / gaps.length;
  t.ok(Math.abs(share - Math.exp(-1)) < 0.02, `beyond the mean ${share}`);
  t.end();
});

t.test('what is stopped sends no more', async (t) => {
  const stop = new AbortController();
  const sent: number[] = [];
  const send = (row: number): Promise<number> => {
    sent.push(row);
    stop.abort();
    return Promise.resolve(row);
  };
  const options = { ...BASE, maxConcurrency: 1, signal: stop.signal };
  t.strictSame(await runLoad(ROWS, send, options), [0]);
  t.strictSame(sent, [0]);
});
