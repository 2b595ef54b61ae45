import t from 'tap';
import { packByLength } from '../../../../src/device/embed/embed-packing.js';

const RUN_TOKENS = 2048;

t.test('every sequence is in one run, the longest of a run first', (t) => {
  const lengths = [3, 700, 12, 700, 1, 1, 5000, 64, 65, 66];
  const runs = packByLength(lengths, RUN_TOKENS);
  t.same(
    runs.flat().sort((a, b) => a - b),
    [...lengths.keys()],
  );
  for (const run of runs) {
    const sizes = run.map((index) => lengths[index] ?? 0);
    t.equal(sizes[0], Math.max(...sizes));
  }
  t.same(runs[0], [6], 'one that is longer than a run stands alone');
  t.same(packByLength([], RUN_TOKENS), []);
  t.end();
});

t.test('padding stays small, and runs stay few', (t) => {
  const mixed = Array.from({ length: 200 }, (_, i) => 1 + ((i * 37) % 400));
  const runs = packByLength(mixed, RUN_TOKENS);
  const real = mixed.reduce((sum, length) => sum + length, 0);
  const sizes = runs.map((run) => run.length * (mixed[run[0] ?? 0] ?? 0));
  const padded = sizes.reduce((sum, size) => sum + size, 0);
  t.ok(padded < real * 1.08, `${padded} tokens for ${real}`);
  t.ok(Math.max(...sizes) <= 2048, 'no run is over the budget');
  t.ok(runs.length < 60, `${runs.length} runs`);
  t.equal(
    packByLength(new Array<number>(64).fill(32), RUN_TOKENS).length,
    1,
    'equal lengths share a run',
  );
  t.same(packByLength([100, 400, 200], RUN_TOKENS), [[1], [2], [0]], 'unequal ones do not');
  t.same(packByLength([4, 9, 7], RUN_TOKENS), [[1, 2, 0]], 'short ones do');
  t.end();
});
