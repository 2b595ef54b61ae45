import t from 'tap';
import { PagedKv } from '../../../../src/device/paged/paged-kv.js';

const LIMITS = { numSlots: 4, slotLength: 32, numPages: 6, pageSizeTokens: 8 };
const NUM_PAGES = LIMITS.numPages;

function opened(...pages: readonly number[]): PagedKv {
  const kv = new PagedKv(LIMITS);
  kv.open(2);
  kv.map({ slot: 2, fromPage: 0, pages: Int32Array.from(pages) });
  return kv;
}

t.test('rows are found by the table that the maps filled', (t) => {
  const kv = opened(4, 1);
  t.same(kv.pagesOf(2, 0), []);
  t.same(kv.pagesOf(2, 1), [4]);
  t.same(kv.pagesOf(2, 8), [4]);
  t.same(kv.pagesOf(2, 9), [4, 1]);
  kv.map({ slot: 2, fromPage: 2, pages: Int32Array.of(0) });
  t.same(kv.pagesOf(2, 24), [4, 1, 0]);
  kv.map({ slot: 2, fromPage: 0, pages: Int32Array.of(5) });
  t.same(kv.pagesOf(2, 24), [5, 1, 0], 'one is swapped, the others stay');
  t.end();
});

t.test('a map is read when it comes: its array is the caller’s', (t) => {
  const kv = new PagedKv(LIMITS);
  kv.open(0);
  const pages = Int32Array.of(3);
  kv.map({ slot: 0, fromPage: 0, pages });
  pages[0] = 5;
  t.same(kv.pagesOf(0, 8), [3]);
  t.end();
});

t.test('rows behind the last page are on the spare one, which no plan can name', (t) => {
  const kv = opened(4, 1);
  t.equal(kv.sparePage, NUM_PAGES);
  t.same(kv.pagesOf(2, 40), [4, 1, NUM_PAGES, NUM_PAGES, NUM_PAGES]);
  t.throws(() => {
    kv.map({ slot: 2, fromPage: 0, pages: Int32Array.of(NUM_PAGES) });
  }, /this is a bug: page 6 of 6/);
  t.end();
});

t.test('a slot begins empty, and forgets its pages when it is freed', (t) => {
  const kv = opened(4, 1);
  t.equal(kv.lengthOf(2), 0);
  kv.setLength(2, 16);
  t.equal(kv.lengthOf(2), 16);
  kv.free(2);
  t.equal(kv.lengthOf(2), 0);
  kv.open(2);
  t.same(kv.pagesOf(2, 8), [NUM_PAGES]);
  t.end();
});

t.test('to load and to store is to check', (t) => {
  const kv = opened(4, 1, 3);
  kv.load({ slot: 2, numTokens: 16, pages: Int32Array.of(4, 1) });
  t.equal(kv.lengthOf(2), 16);
  kv.store(2, 8, Int32Array.of(1, 3));
  t.end();
});

t.test('a decode run has the slots that were asked for and no other', (t) => {
  const kv = opened(4);
  kv.open(0);
  kv.open(3);
  t.same(kv.arrange(new Set([3, 2])), [3, 2]);
  t.end();
});

t.test('tables outlast memory that is given back', async (t) => {
  const kv = opened(4);
  kv.giveBackMemory();
  await kv.renew();
  t.same(kv.pagesOf(2, 8), [4]);
});

const BUGS: Readonly<Record<string, readonly [act: (kv: PagedKv) => void, message: RegExp]>> = {
  'open twice': [
    (kv) => {
      kv.open(2);
    },
    /slot 2 is open already/,
  ],
  'free what is not open': [
    (kv) => {
      kv.free(1);
    },
    /slot 1 is not open/,
  ],
  'map what is not open': [
    (kv) => {
      kv.map({ slot: 1, fromPage: 0, pages: Int32Array.of(0) });
    },
    /slot 1 is not open/,
  ],
  'rows of what is not open': [(kv) => kv.pagesOf(1, 3), /slot 1 is not open/],
  'a hole in a table': [
    (kv) => {
      kv.map({ slot: 2, fromPage: 3, pages: Int32Array.of(0) });
    },
    /leaves out page 2/,
  ],
  'a page below all': [
    (kv) => {
      kv.map({ slot: 2, fromPage: 0, pages: Int32Array.of(-1) });
    },
    /page -1 of 6/,
  ],
  'rows without a page': [
    (kv) => {
      kv.setLength(2, 17);
    },
    /slot 2 has no page for row 16/,
  ],
  'load of pages that are not mapped': [
    (kv) => {
      kv.load({ slot: 2, numTokens: 8, pages: Int32Array.of(1) });
    },
    /another page than 1/,
  ],
  'load of more than is mapped': [
    (kv) => {
      kv.load({ slot: 2, numTokens: 24, pages: Int32Array.of(4, 1, 2) });
    },
    /another page than 2/,
  ],
  'store to pages that are not mapped': [
    (kv) => {
      kv.store(2, 8, Int32Array.of(4));
    },
    /another page than 4/,
  ],
};

for (const [name, [act, message]] of Object.entries(BUGS)) {
  t.test(`a bug is thrown: ${name}`, (t) => {
    const kv = opened(4, 1);
    t.throws(() => {
      act(kv);
    }, message);
    t.same(kv.pagesOf(2, 16), [4, 1], 'and changes no table');
    t.end();
  });
}
