import t from 'tap';
import { DisabledCache } from '../../../src/cache/disabled-cache.js';
import { testPrefixCache } from '../../conformance/prefix-cache.js';

testPrefixCache(t, {
  make: (numPages, pageSizeTokens) => new DisabledCache(numPages, pageSizeTokens),
  neverShares: 'sharing is what --disable-radix-cache turns off',
});

t.test('an insert with relock leaves the pages with the caller', (t) => {
  const cache = new DisabledCache(4, 1);
  const pages = cache.lease(2);
  const tokens = Int32Array.of(1, 2);
  const rows = { namespace: '', tenant: '', tokens, pages, prefillTokens: 2, ownFrom: 0, lock: 0 };
  t.same(cache.insert({ ...rows, relock: true }), { pages: new Int32Array(0), lock: 0 });
  t.equal(cache.state().leasedPages, 2);
  cache.insert({ ...rows, relock: false });
  t.equal(cache.state().freePages, 4);
  t.end();
});
