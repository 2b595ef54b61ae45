import t from 'tap';

import { TransferRate } from '../../../src/observability/transfer-rate.js';

t.test('a rate is that of the last seconds, and what was there before is not counted', (t) => {
  const rate = new TransferRate();
  t.equal(rate.at(0, 0), null);
  rate.add(0, 1e9);
  t.equal(rate.at(100, 1e9), null, 'too early to say');
  for (let ms = 100; ms <= 30_000; ms += 100) rate.add(ms, 1e9 + ms);
  t.equal(rate.at(30_000, 1e9 + 30_000), 1000);
  for (let ms = 30_100; ms <= 60_000; ms += 100) rate.add(ms, 1e9 + 30_000 + 5 * (ms - 30_000));
  t.equal(rate.at(60_000, 1e9 + 180_000), 5000, 'the slow part is forgotten');
  rate.add(60_100, 0);
  t.equal(rate.at(60_200, 10), null, 'another count begins');
  t.end();
});
