/** Whether an insert tells the truth about the pages that it did not bring. */
import type { PathLock } from './path-locks.js';
import { CacheMisuse, requireCount, type InsertRequest } from './prefix-cache.js';
import { pathPages } from './radix-node.js';

/**
 * Throws {@link CacheMisuse} unless the request's lock holds rows `[0, ownFrom)` of its tokens, in just
 * the pages that the request lists: the tree's, or ones that were the tree's when they were locked.
 */
export function requireOwnPrefix(request: InsertRequest, lock: PathLock | null): void {
  const { pages, ownFrom } = request;
  requireCount('ownFrom', ownFrom);
  if (lock === null) {
    if (ownFrom > 0) throw new CacheMisuse(`${ownFrom} pages of the tree, but no lock on them`);
    return;
  }
  if (lock.node.root.namespace !== request.namespace) {
    throw new CacheMisuse('the lock is of another namespace');
  }
  const numOwn = Math.min(ownFrom, pages.length);
  requireHeldPages(pages.subarray(0, numOwn), lock);
  requireSameTokens(request.tokens, numOwn, lock);
}

/** Throws {@link CacheMisuse} unless each state is behind whole pages of the insert, one further than the other. */
export function requireStatesWithin(
  { pages, states = [] }: InsertRequest,
  pageSizeTokens: number,
): void {
  let before = 0;
  for (const { numTokens } of states) {
    const page = numTokens / pageSizeTokens;
    if (!Number.isInteger(page) || page <= before || page > pages.length) {
      throw new CacheMisuse(`a state behind ${numTokens} tokens of ${pages.length} pages`);
    }
    before = page;
  }
}

function requireHeldPages(pages: Int32Array, lock: PathLock): void {
  const path = pathPages(lock.node);
  if (path.length < pages.length) {
    throw new CacheMisuse(`the lock holds ${path.length} pages, not ${pages.length}`);
  }
  const wrong = pages.find(
    (page, i) => path[i] !== page && !lock.orphans.some((orphan) => orphan.pages.includes(page)),
  );
  if (wrong !== undefined) throw new CacheMisuse(`page ${wrong} is not held by the lock`);
}

function requireSameTokens(tokens: Int32Array, numPages: number, lock: PathLock): void {
  let start = pathPages(lock.node).length;
  for (let node = lock.node; node.parent !== null; node = node.parent) {
    start -= node.numPages;
    const numWanted = Math.max(0, Math.min(node.numPages, numPages - start));
    if (node.commonPages(tokens, start, numWanted) === numWanted) continue;
    throw new CacheMisuse('the lock is of other tokens');
  }
}
