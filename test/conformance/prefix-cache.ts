/** What every PrefixCache must do, whether it shares prefixes or not. Called by each one's unit test. */
import type { Test } from 'tap';
import {
  CacheMisuse,
  type InsertRequest,
  type MatchRequest,
  type PrefixCache,
} from '../../src/cache/prefix-cache.js';

export interface PrefixCacheKind {
  readonly make: (numPages: number, pageSizeTokens: number) => PrefixCache;
  /** Null when it shares prefixes; else why it does not, and the tests of sharing are skipped. */
  readonly neverShares: string | null;
}

const NUM_PAGES = 8;
const PAGE_SIZE_TOKENS = 2;
const TOKENS = Int32Array.of(5, 6, 7, 8, 9, 10, 11);

type Check = (t: Test, cache: PrefixCache) => void;

export function testPrefixCache(t: Test, kind: PrefixCacheKind): void {
  const run = (checks: Readonly<Record<string, Check>>, skip: string | false): void => {
    for (const [behaviour, check] of Object.entries(checks)) {
      t.test(behaviour, { skip }, (t) => {
        const cache = kind.make(NUM_PAGES, PAGE_SIZE_TOKENS);
        check(t, cache);
        expectSound(t, cache);
        t.end();
      });
    }
  };
  run(ALWAYS, false);
  run(SHARING, kind.neverShares ?? false);
}

const ALWAYS: Readonly<Record<string, Check>> = {
  'starts with all pages free': (t, cache) => {
    t.match(cache.state(), { totalPages: NUM_PAGES, freePages: NUM_PAGES, numNodes: 0, epoch: 0 });
  },

  'leases every page once, and fewer than asked when there are no more': (t, cache) => {
    const first = cache.lease(5);
    expectSound(t, cache);
    const second = cache.lease(5);
    t.same([...first, ...second].sort(), [0, 1, 2, 3, 4, 5, 6, 7]);
    t.equal(cache.lease(1).length, 0);
    cache.giveBack(second);
    t.equal(cache.state().freePages, 3);
  },

  'finds nothing when empty, without a lock': (t, cache) => {
    t.same(cache.match(matchOf()), { numTokens: 0, pages: new Int32Array(0), lock: 0 });
    t.equal(cache.probe('', TOKENS), 0);
  },

  'owns no leased page any more after an insert without relock': (t, cache) => {
    t.same(cache.insert(insertOf(cache.lease(3))), { pages: new Int32Array(0), lock: 0 });
    const { freePages, evictablePages, leasedPages } = cache.state();
    t.same([freePages + evictablePages, leasedPages], [NUM_PAGES, 0]);
    t.equal(cache.lease(NUM_PAGES).length, NUM_PAGES, 'all can be leased again');
  },

  'inserts nothing as nothing': (t, cache) => {
    t.same(cache.insert(insertOf(new Int32Array(0))), { pages: new Int32Array(0), lock: 0 });
    t.equal(cache.state().freePages, NUM_PAGES);
  },

  'counts its flushes': (t, cache) => {
    cache.flush();
    cache.flush();
    t.equal(cache.state().epoch, 2);
  },

  'matches nothing and frees all after a flush': (t, cache) => {
    cache.insert(insertOf(cache.lease(3)));
    cache.flush();
    t.equal(cache.match(matchOf()).numTokens, 0);
    t.equal(cache.state().freePages, NUM_PAGES);
  },

  'refuses what is not true, and changes nothing': (t, cache) => {
    const leased = cache.lease(3);
    const before = cache.state();
    const [first = 0] = leased;
    const wrong: Readonly<Record<string, () => void>> = {
      'a page that is not leased': () => {
        cache.giveBack(Int32Array.of(first, 7));
      },
      'a page twice': () => {
        cache.giveBack(Int32Array.of(first, first));
      },
      'a page that does not exist': () => {
        cache.giveBack(Int32Array.of(NUM_PAGES));
      },
      'a negative page': () => {
        cache.giveBack(Int32Array.of(-1));
      },
      'a lock that nobody has': () => {
        cache.unlock(1);
      },
      'an insert with such a lock': () => {
        cache.insert({ ...insertOf(leased), lock: 1 });
      },
      'an insert of a free page': () => {
        cache.insert(insertOf(Int32Array.of(first, 7)));
      },
      'an insert of a page twice': () => {
        cache.insert(insertOf(Int32Array.of(first, first)));
      },
      'pages of the tree without a lock': () => {
        cache.insert({ ...insertOf(leased), ownFrom: 1 });
      },
      'a negative lease': () => {
        cache.lease(-1);
      },
      'half a page': () => {
        cache.lease(0.5);
      },
    };
    for (const [what, call] of Object.entries(wrong)) {
      t.throws(call, { name: 'CacheMisuse' }, what);
      t.same(cache.state(), before, `${what}: state`);
    }
    cache.giveBack(leased);
    t.throws(() => {
      cache.giveBack(leased);
    }, CacheMisuse);
  },
};

const SHARING: Readonly<Record<string, Check>> = {
  'finds what was inserted, in whole pages': (t, cache) => {
    const pages = cache.lease(3);
    cache.insert(insertOf(pages));
    t.equal(cache.probe('', TOKENS), 6);
    const match = cache.match(matchOf({ maxTokens: 5 }));
    t.match(match, { numTokens: 4, pages: pages.slice(0, 2) });
    t.not(match.lock, 0);
  },

  'never evicts what is locked': (t, cache) => {
    const { pages, lock } = cache.insert({ ...insertOf(cache.lease(3)), relock: true });
    t.equal(cache.lease(NUM_PAGES).length, NUM_PAGES - 3);
    t.equal(cache.state().lockedPages, 3);
    cache.unlock(lock);
    t.same(cache.lease(NUM_PAGES).sort(), pages.sort());
    t.throws(
      () => {
        cache.unlock(lock);
      },
      CacheMisuse,
      'a lock is dropped once',
    );
  },

  'keeps namespaces apart': (t, cache) => {
    cache.insert(insertOf(cache.lease(3)));
    t.equal(cache.probe('other', TOKENS), 0);
    t.equal(cache.match(matchOf({ namespace: 'other' })).lock, 0);
  },

  'keeps locked pages through a flush until they are unlocked': (t, cache) => {
    const { lock } = cache.insert({ ...insertOf(cache.lease(3)), relock: true });
    cache.flush();
    t.equal(cache.probe('', TOKENS), 0);
    t.match(cache.state(), { lockedPages: 3, freePages: NUM_PAGES - 3 });
    cache.unlock(lock);
    t.equal(cache.state().freePages, NUM_PAGES);
  },
};

function matchOf(changes: Partial<MatchRequest> = {}): MatchRequest {
  const prefillTokens = TOKENS.length;
  return {
    ...{ namespace: '', tokens: TOKENS, maxTokens: TOKENS.length, prefillTokens, strict: false },
    ...changes,
  };
}

function insertOf(pages: Int32Array): InsertRequest {
  const rows = { namespace: '', tenant: '', tokens: TOKENS, pages, prefillTokens: TOKENS.length };
  return { ...rows, ownFrom: 0, lock: 0, relock: false };
}

function expectSound(t: Test, cache: PrefixCache): void {
  const { freePages, evictablePages, lockedPages, leasedPages, totalPages } = cache.state();
  t.same(cache.violations(), []);
  t.equal(freePages + evictablePages + lockedPages + leasedPages, totalPages);
}
