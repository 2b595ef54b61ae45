/** The part of an insert that changes the tree: walk along what is there, then hang the rest below. */
import type { PageAllocator } from './page-allocator.js';
import type { PathLocks } from './path-locks.js';
import type { InsertRequest } from './prefix-cache.js';
import { RadixNode } from './radix-node.js';
import type { StateSnapshots } from './state-snapshots.js';

export class Grafter {
  readonly #pool: PageAllocator;
  readonly #locks: PathLocks;
  readonly #states: StateSnapshots;

  constructor(pool: PageAllocator, locks: PathLocks, states: StateSnapshots) {
    this.#pool = pool;
    this.#locks = locks;
    this.#states = states;
  }

  /** Walks and extends the tree along the request's tokens; returns the node where its pages end. */
  graft(top: RadixNode, request: InsertRequest): RadixNode {
    const { tokens, pages } = request;
    const numPrefilled = numPrefilledPages(request, top.root.pageSizeTokens);
    let node = top;
    let page = 0;
    while (page < pages.length) {
      const child = node.childAt(tokens, page);
      if (child === undefined) return this.#append(node, request, page);
      const endPage = child.decodeMade ? uniformEnd(request, page, numPrefilled) : pages.length;
      node = child.headOf(child.commonPages(tokens, page, endPage - page));
      this.#settle(node, request, page);
      page += node.numPages;
    }
    return node;
  }

  /** Walks the grafted path again: the request's states go to the nodes that end where they do. */
  keepStates(top: RadixNode, request: InsertRequest): void {
    const { tokens, states = [], prefillTokens } = request;
    const { pageSizeTokens, attached } = top.root;
    let node = top;
    let page = 0;
    for (const { numTokens, place } of states) {
      while (page * pageSizeTokens < numTokens) {
        const child = node.childAt(tokens, page);
        if (child === undefined) throw new Error('the grafted path is gone');
        node = child.headOf(Math.min(child.numPages, numTokens / pageSizeTokens - page));
        page += node.numPages;
      }
      // A state that decoding made must not pass for one of prefill, nor the other way.
      const isMadeAlike = node.decodeMade === numTokens > prefillTokens;
      if (attached && isMadeAlike) this.#states.keep(node, place);
      else this.#states.giveBack(Int32Array.of(place));
    }
  }

  /** The tree has `node` for the request's pages from `page` on: one of the two copies goes. */
  #settle(node: RadixNode, request: InsertRequest, page: number): void {
    const { pages, ownFrom, prefillTokens } = request;
    const brought = pages.subarray(Math.max(page, ownFrom), page + node.numPages);
    const isPrefillMade = (page + node.numPages) * node.root.pageSizeTokens <= prefillTokens;
    if (node.decodeMade && isPrefillMade && brought.length > 0) this.#replace(node, brought);
    else this.#pool.giveBack(brought);
  }

  #replace(node: RadixNode, pages: Int32Array): void {
    if (node.lockRef > 0) {
      this.#locks.orphan(node);
    } else {
      this.#pool.release(node.pages);
      this.#states.drop(node);
    }
    this.#pool.adopt(pages);
    node.pages = pages.slice();
    node.decodeMade = false;
  }

  /** Hangs the request's pages from `page` on below `node`: prefill-made ones, then decode-made ones. */
  #append(node: RadixNode, request: InsertRequest, page: number): RadixNode {
    const { tokens, pages, tenant } = request;
    const { pageSizeTokens } = node.root;
    const madeEnd = numPrefilledPages(request, pageSizeTokens);
    const cuts =
      page < madeEnd && madeEnd < pages.length ? [madeEnd, pages.length] : [pages.length];
    this.#pool.adopt(pages.subarray(page));
    let end = node;
    let from = page;
    for (const to of cuts) {
      const run = tokens.slice(from * pageSizeTokens, to * pageSizeTokens);
      const child = new RadixNode(node.root, run, pages.slice(from, to), to > madeEnd, tenant);
      end.addChild(child);
      end = child;
      from = to;
    }
    return end;
  }
}

/** The request's pages `[0, n)` hold only rows that prefill made. */
function numPrefilledPages(
  { pages, prefillTokens }: InsertRequest,
  pageSizeTokens: number,
): number {
  return Math.min(Math.floor(prefillTokens / pageSizeTokens), pages.length);
}

/** End of the run from `page` on of which all pages replace decode-made ones, or none does. */
function uniformEnd(request: InsertRequest, page: number, numPrefilled: number): number {
  const { ownFrom, pages } = request;
  if (page < ownFrom && ownFrom < numPrefilled) return ownFrom;
  return page >= ownFrom && page < numPrefilled ? numPrefilled : pages.length;
}
