import t from 'tap';

import { nanoseconds, timestamp } from '../../../../src/api/ollama/timings.js';

t.test('dates have nine digits of a second, durations whole nanoseconds', (t) => {
  t.equal(timestamp(0), '1970-01-01T00:00:00.000000000Z');
  t.equal(timestamp(1_500.25), '1970-01-01T00:00:01.500250000Z');
  t.equal(timestamp(999.5), '1970-01-01T00:00:00.999500000Z');
  t.equal(nanoseconds(1.5), 1_500_000);
  t.equal(nanoseconds(-1), 0);
  t.end();
});
