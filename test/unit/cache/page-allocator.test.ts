import t from 'tap';
import { PageAllocator } from '../../../src/cache/page-allocator.js';

t.test('a page goes free, leased, cached, free', (t) => {
  const pool = new PageAllocator(3);
  const counts = () => [pool.numFree, pool.numLeased, pool.numCached];
  const pages = pool.lease(5);
  t.same([...pages], [0, 1, 2], 'lowest first, and only what there is');
  t.same(counts(), [0, 3, 0]);
  pool.adopt(pages.subarray(0, 2));
  t.same(counts(), [0, 1, 2]);
  t.same([pool.ownerOf(1), pool.ownerOf(2), pool.ownerOf(3)], ['cached', 'leased', undefined]);
  pool.release(pages.subarray(0, 1));
  pool.giveBack(pages.subarray(2));
  t.same(counts(), [2, 0, 1]);
  t.same([...pool.freePages()].sort(), [0, 2]);
  t.end();
});

t.test('requireLeased names the first wrong page and leaves all as they were', (t) => {
  const pool = new PageAllocator(4);
  const pages = pool.lease(3);
  pool.adopt(pages.subarray(2));
  const refuses = (list: readonly number[], message: RegExp) => {
    t.throws(
      () => {
        pool.requireLeased(Int32Array.from(list));
      },
      { message },
    );
    pool.requireLeased(pages.subarray(0, 2));
  };
  refuses([0, 3], /page 3 is not leased: it is free/);
  refuses([0, 2], /page 2 is not leased: it is cached/);
  refuses([1, 0, 1], /page 1 is not leased: it is listed twice/);
  refuses([9], /page 9 is not leased: it is unknown/);
  pool.requireLeased(new Int32Array(0));
  t.end();
});
