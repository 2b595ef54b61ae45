import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import t from 'tap';

import { discard, virtualArrays } from '../../../../src/device/cpu/kv-arrays.js';

const MIB = 2 ** 20;

t.test('the memory is free at once, without the garbage collector', async (t) => {
  const arrays = [0, 1].map(() => new Float32Array((64 * MIB) / 4).fill(1));
  const before = process.memoryUsage().arrayBuffers;
  await discard(arrays);
  t.same(
    arrays.map(({ length }) => length),
    [0, 0],
  );
  const freed = before - process.memoryUsage().arrayBuffers;
  t.ok(freed >= 128 * MIB, `${Math.round(freed / MIB)} MiB`);
});

/** In a thread, as devices do: there the C library clears what it takes from a heap by writing. */
const REMAKE = `
  const { parentPort, workerData } = require('node:worker_threads');
  void import(workerData).then(async ({ discard, virtualArrays }) => {
    const make = () => virtualArrays('f32', Array(8).fill(20 * 2 ** 18));
    let arrays = make();
    const before = process.memoryUsage.rss();
    for (let round = 0; round < 4; round++) {
      const old = arrays;
      arrays = make();
      await discard(old);
    }
    parentPort.postMessage((process.memoryUsage.rss() - before) / 2 ** 20);
  });
`;

t.test('arrays that are made again and again take no memory until they are written', async (t) => {
  const url = new URL('../../../../src/device/cpu/kv-arrays.js', import.meta.url).href;
  const worker = new Worker(REMAKE, { eval: true, workerData: url });
  const [growthMiB] = (await once(worker, 'message')) as [number];
  t.ok(growthMiB < 40, `${Math.round(growthMiB)} MiB more, of 160`);
});

t.test('arrays share a block, apart from each other, as long as they fit', async (t) => {
  const small = virtualArrays('f32', [5, 2000, 0]);
  t.same(
    small.map(({ length, byteOffset }) => [length, byteOffset]),
    [
      [5, 0],
      [2000, 4096],
      [0, 3 * 4096],
    ],
  );
  t.equal(new Set(small.map(({ buffer }) => buffer)).size, 1);
  t.equal(virtualArrays('i8', [5])[0]?.byteLength, 5);
  const large = virtualArrays('i8', Array<number>(4).fill(0.4 * 2 ** 30));
  t.ok(new Set(large.map(({ buffer }) => buffer)).size > 1);
  await discard([...small, ...large]);
  t.same(
    [...small, ...large].map(({ length }) => length),
    Array(7).fill(0),
  );
});
