import t from 'tap';

import { shownBytes, shownDuration, shownPart } from '../../../src/core/shown-size.js';

t.test('bytes in the unit that suits them', (t) => {
  const rows = [
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [999_949, '999.9 kB'],
    [999_950, '1.0 MB'],
    [253_300_000, '253.3 MB'],
    [16e9, '16.0 GB'],
    [5e18, '5000.0 PB'],
  ] as const;
  for (const [bytes, text] of rows) t.equal(shownBytes(bytes), text);
  t.equal(shownPart(5e6, 12e9), '0.0 of 12.0 GB');
  t.end();
});

t.test('durations as clocks show them', (t) => {
  t.strictSame([0, 7.4, 750, 7500, -3].map(shownDuration), [
    '0:00',
    '0:07',
    '12:30',
    '2:05:00',
    '0:00',
  ]);
  t.end();
});
