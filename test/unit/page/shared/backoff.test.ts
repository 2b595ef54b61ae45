import t from 'tap';

import { Backoff, backoffMs } from '../../../../src/page/shared/backoff.js';

t.test('each try waits longer, up to a bound, and half of it by chance', (t) => {
  t.equal(backoffMs(0, 1), 300);
  t.equal(backoffMs(0, 0), 150);
  t.equal(backoffMs(3, 1), 2400);
  t.equal(backoffMs(60, 1), 8000);
  t.end();
});

t.test('a server that takes connections and closes them is not hurried', (t) => {
  const backoff = new Backoff();
  t.same(
    [5, 20, 0].map((lastedMs) => backoff.nextMs(lastedMs, 1)),
    [300, 600, 1200],
  );
  t.equal(backoff.nextMs(60_000, 1), 300, 'one that held begins anew');
  t.equal(backoff.nextMs(0, 1), 600);
  backoff.reset();
  t.equal(backoff.nextMs(0, 1), 300);
  t.end();
});
