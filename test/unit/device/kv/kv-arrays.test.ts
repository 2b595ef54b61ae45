import t from 'tap';

import { discard } from '../../../../src/device/kv/kv-arrays.js';

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
