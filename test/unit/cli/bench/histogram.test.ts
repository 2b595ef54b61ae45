import t from 'tap';

import { histogram } from '../../../../src/cli/bench/histogram.js';

t.test('every value is in a bin, the least first', (t) => {
  const values = Array.from({ length: 1000 }, (_, i) => i / 10);
  const lines = histogram(values, true);
  t.equal(lines.length, 11, 'ten bins and what is beyond the 99th percentile');
  const counts = lines.map((line) => Number(line.split(' ').at(-1)));
  t.equal(
    counts.reduce((a, b) => a + b),
    1000,
  );
  t.match(lines[0], /^ +0\.0 - +9\.9 {2}█+.? 99$/);
  t.match(lines[10], /^ +99\.0 \.\.\. +█+.? 9$/);
  t.end();
});

t.test('bars are in proportion, to an eighth, or in ASCII', (t) => {
  const values = [...Array<number>(80).fill(0), ...Array<number>(1).fill(10)];
  const blocks = histogram(values, true);
  t.match(blocks[0], /█{40} 80$/);
  t.match(blocks.at(-1), / ▌ 1$/);
  const ascii = histogram(values, false);
  t.match(ascii[0], / #{40} 80$/);
  for (const line of ascii) t.match(line, /^[\x20-\x7e]*$/);
  t.end();
});

t.test('one value, and none', (t) => {
  t.strictSame(histogram([], true), []);
  t.equal(histogram([3, 3, 3], true).length, 1);
  t.match(histogram([3, 3, 3], false)[0], /3\.00 - +3\.00 +#{40} 3$/);
  t.end();
});
