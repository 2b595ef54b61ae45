/**
 * The prefix cache of one device: a radix tree per namespace whose keys are whole pages of tokens and
 * whose values are page ids. The bytes are the device's.
 *
 * A split, here when "system prompt A" [p0 p1 p2] is cached and "system prompt B" arrives. Letters are
 * pages of tokens; the old node keeps its identity, because locks name it:
 *
 *       before                        after insert of s t B with pages [p7 p8 p9]
 *
 *       top                           top
 *        │                             │
 *     ┌──┴────────────────┐         ┌──┴────────────┐ lockRef 1, lastAccess = now:
 *     │ s t A  [p0 p1 p2] │         │ s t  [p0 p1]  │ a new node above the old one
 *     │ lockRef 1         │         └──┬─────────┬──┘
 *     └───────────────────┘        ┌───┴────┐ ┌──┴─────┐
 *                                  │ A [p2] │ │ B [p9] │
 *                                  │ lock 1 │ └────────┘      p7 p8 go to the free list:
 *                                  └────────┘                 the tree had these rows
 *
 * How it differs from a textbook radix tree:
 * - An edge is found by its first page, and nodes split between pages, never inside one.
 * - A node's pages were all made the same way (`decodeMade`) and used together (`lastAccess`), so a match
 *   or an insert that covers part of a node splits it. Equal neighbours are never merged again.
 * - Prefill-made pages replace decode-made ones in place.
 * - A lock counts on every node up to the top; only unlocked leaves are evicted, least recently used
 *   first, and of the last one only as many pages, from its end, as are needed.
 * - Where rows are not enough to go on from, nodes own recurrent states (state-snapshots.ts), and a match ends at one.
 * - A flush detaches whole trees. A request that holds a lock there goes on inserting there, so rows
 *   computed on top of flushed rows never reach the new tree.
 */
import type { KeptState } from '../messages.js';
import { EvictionQueue } from './eviction.js';
import { ForgottenPages, type HowForgotten } from './forgotten-pages.js';
import { Grafter } from './graft.js';
import { requireOwnPrefix, requireStatesWithin } from './insert-check.js';
import { findViolations } from './invariants.js';
import { PageAllocator } from './page-allocator.js';
import { PathLocks } from './path-locks.js';
import {
  CacheMisuse,
  NO_PAGES,
  requireCount,
  type CacheState,
  type InsertRequest,
  type InsertResult,
  type LeftOfInsert,
  type MatchRequest,
  type MatchResult,
  type PrefixCache,
  type TreeObserver,
} from './prefix-cache.js';
import { NO_STATE, pathPages, RadixRoot, type RadixNode } from './radix-node.js';
import { StateSnapshots } from './state-snapshots.js';
import { TreeReader } from './tree-reader.js';

/** What a tree has in common with those of other devices. */
export interface TreeOptions {
  readonly weightsEpoch: number;
  readonly forgotten: ForgottenPages;
  /** Places for recurrent states; 0 = rows alone are enough to go on from. */
  readonly numStatePlaces?: number;
}

export class RadixTree implements PrefixCache {
  readonly weightsEpoch: number;
  readonly reader: TreeReader;
  observer: TreeObserver | null = null;
  readonly #forgotten: ForgottenPages;
  readonly #pool: PageAllocator;
  readonly #queue = new EvictionQueue();
  readonly #states: StateSnapshots;
  readonly #locks: PathLocks;
  readonly #grafter: Grafter;
  /** Attached trees that are not empty. */
  readonly #roots = new Map<string, RadixRoot>();
  #now = 0;
  #epoch = 0;

  constructor(
    numPages: number,
    readonly pageSizeTokens: number,
    options: TreeOptions = { weightsEpoch: 0, forgotten: new ForgottenPages() },
  ) {
    this.weightsEpoch = options.weightsEpoch;
    this.#forgotten = options.forgotten;
    this.reader = new TreeReader(this.#roots);
    this.#pool = new PageAllocator(numPages);
    this.#states = new StateSnapshots(options.numStatePlaces ?? 0);
    this.#locks = new PathLocks(this.#pool, this.#queue, this.#states);
    this.#grafter = new Grafter(this.#pool, this.#locks, this.#states);
  }

  get keepsStates(): boolean {
    return this.#states.isOn;
  }

  get clock(): number {
    return this.#now;
  }

  /** O(tokens), whatever the size of the tree. */
  probe(namespace: string, tokens: Int32Array): number {
    const maxPages = this.#wholePages(tokens.length);
    let node = this.#roots.get(namespace)?.top;
    let page = 0;
    let statePage = 0;
    while (node !== undefined && page < maxPages) {
      node = node.childAt(tokens, page);
      const numCommon = node?.commonPages(tokens, page, maxPages - page) ?? 0;
      page += numCommon;
      if (numCommon !== node?.numPages) break;
      if (node.state !== NO_STATE) statePage = page;
    }
    return (this.keepsStates ? statePage : page) * this.pageSizeTokens;
  }

  match(request: MatchRequest): MatchResult {
    if (this.keepsStates) return this.#matchState(request);
    const end = this.#find(request);
    if (end === null) return { numTokens: 0, pages: NO_PAGES, lock: 0 };
    this.observer?.matched(end);
    const pages = pathPages(end);
    const lock = this.#locks.take(end, ++this.#now);
    return { numTokens: pages.length * this.pageSizeTokens, pages, lock };
  }

  #matchState(request: MatchRequest): MatchResult {
    const { end, numRowTokens } = this.#findState(request);
    if (end === null) {
      return { numTokens: 0, pages: NO_PAGES, lock: 0, state: { place: NO_STATE, numRowTokens } };
    }
    this.observer?.matched(end);
    const pages = pathPages(end);
    const lock = this.#locks.take(end, ++this.#now);
    this.#states.use(end);
    const state = { place: end.state, numRowTokens };
    return { numTokens: pages.length * this.pageSizeTokens, pages, lock, state };
  }

  insert(request: InsertRequest): InsertResult {
    this.#requireInsertable(request);
    const root = this.#rootFor(request);
    const end = this.#grafter.graft(root.top, request);
    this.#grafter.keepStates(root.top, request);
    // The new lock comes first: what both hold is never unlocked in between, so it cannot be freed.
    const lock = end === root.top ? 0 : this.#locks.take(end, ++this.#now);
    const pages = request.relock ? pathPages(end) : NO_PAGES;
    if (request.lock !== 0) this.#locks.drop(request.lock);
    if (request.relock) return { pages, lock };
    if (lock !== 0) this.#locks.drop(lock);
    return { pages, lock: 0 };
  }

  leftOf({ pages, ownFrom, lock, states = [] }: InsertRequest): LeftOfInsert {
    return {
      pages: this.#pool.leasedOf(pages.subarray(ownFrom)),
      lock: this.#locks.all().has(lock) ? lock : 0,
      states: this.#states.leasedOf(placesOf(states)),
    };
  }

  unlock(lock: number): void {
    this.#locks.drop(lock);
  }

  lease(numPages: number): Int32Array {
    requireCount('numPages', numPages);
    this.#evict(numPages - this.#pool.numFree);
    return this.#pool.lease(numPages);
  }

  giveBack(pages: Int32Array): void {
    this.#pool.requireLeased(pages);
    this.#pool.giveBack(pages);
  }

  leaseStates(numPlaces: number): Int32Array {
    requireCount('numPlaces', numPlaces);
    return this.#states.lease(numPlaces);
  }

  giveBackStates(places: Int32Array): void {
    this.#states.requireLeased(places);
    this.#states.giveBack(places);
  }

  flush(): void {
    this.#epoch++;
    this.#queue.clear();
    this.#forgetAll('flushed');
    for (const root of this.#roots.values()) this.#detach(root);
    this.#roots.clear();
  }

  close(): void {
    this.#forgetAll('closed');
  }

  state(): CacheState {
    const lockedPages = this.#locks.numLockedPages;
    let numNodes = 0;
    for (const root of this.#roots.values()) numNodes += root.numNodes;
    return {
      totalPages: this.#pool.numPages,
      freePages: this.#pool.numFree,
      evictablePages: this.#pool.numCached - lockedPages,
      lockedPages,
      leasedPages: this.#pool.numLeased,
      numNodes,
      epoch: this.#epoch,
      ...(this.keepsStates && { states: this.#states.counts }),
    };
  }

  violations(): readonly string[] {
    return findViolations({
      pool: this.#pool,
      roots: this.#roots,
      locks: this.#locks.all(),
      numLockedPages: this.#locks.numLockedPages,
      queue: this.#queue.nodes(),
      states: this.#states,
    });
  }

  #wholePages(numTokens: number): number {
    return Math.floor(numTokens / this.pageSizeTokens);
  }

  /** The last node of the longest prefix that fits, split so that it ends there; null when there is none. */
  #find(request: MatchRequest): RadixNode | null {
    const { tokens, maxTokens } = request;
    const top = this.#roots.get(request.namespace)?.top;
    if (top === undefined) return null;
    const maxPages = this.#wholePages(Math.min(maxTokens, tokens.length));
    let node = top;
    let page = 0;
    while (page < maxPages) {
      const child = node.childAt(tokens, page);
      if (child === undefined) break;
      const endPage = Math.min(maxPages, this.#fittingEnd(child, page, request));
      const numCommon = child.commonPages(tokens, page, endPage - page);
      if (numCommon <= 0) break;
      node = child.headOf(numCommon);
      page += numCommon;
      if (node !== child) break;
    }
    return node === top ? null : node;
  }

  /** As {@link #find}, and splits nothing: the last node that ends with a state, and how far the tree has rows. */
  #findState(request: MatchRequest): StateFound {
    const { namespace, tokens, maxTokens } = request;
    const maxPages = this.#wholePages(Math.min(maxTokens, tokens.length));
    let node = this.#roots.get(namespace)?.top;
    let end: RadixNode | null = null;
    let page = 0;
    while (node !== undefined && page < maxPages) {
      node = node.childAt(tokens, page);
      if (node === undefined) break;
      const endPage = Math.min(maxPages, this.#fittingEnd(node, page, request));
      const numCommon = Math.max(0, node.commonPages(tokens, page, endPage - page));
      page += numCommon;
      if (numCommon < node.numPages) break;
      if (node.state !== NO_STATE) end = node;
    }
    return { end, numRowTokens: page * this.pageSizeTokens };
  }

  /** First page from `page` on at which rows made like this node's do not do for the request. */
  #fittingEnd(node: RadixNode, page: number, request: MatchRequest): number {
    const { prefillTokens, strict } = request;
    if (!node.decodeMade) return this.#wholePages(prefillTokens);
    return strict && page * this.pageSizeTokens < prefillTokens ? page : Infinity;
  }

  #requireInsertable(request: InsertRequest): void {
    const { pages, tokens, ownFrom } = request;
    if (pages.length > this.#wholePages(tokens.length)) {
      throw new CacheMisuse(`${pages.length} pages for ${tokens.length} tokens`);
    }
    const lock = request.lock === 0 ? null : this.#locks.get(request.lock);
    requireOwnPrefix(request, lock);
    this.#pool.requireLeased(pages.subarray(ownFrom));
    requireStatesWithin(request, this.pageSizeTokens);
    this.#states.requireLeased(placesOf(request.states ?? []));
  }

  /** The tree of the request's lock, which a flush may have detached, or the namespace's. */
  #rootFor(request: InsertRequest): RadixRoot {
    if (request.lock !== 0) return this.#locks.get(request.lock).node.root;
    const existing = this.#roots.get(request.namespace);
    if (existing !== undefined) return existing;
    const root = new RadixRoot(request.namespace, this.pageSizeTokens);
    if (request.pages.length > 0) this.#roots.set(request.namespace, root);
    return root;
  }

  #evict(numPages: number): void {
    let numMissing = numPages;
    while (numMissing > 0) {
      const leaf = this.#queue.least();
      if (leaf === undefined) return;
      const keep = Math.max(0, leaf.numPages - numMissing);
      numMissing -= leaf.numPages - keep;
      this.observer?.evicting(leaf, keep);
      this.#forgotten.add(leaf, keep, 'evicted', this.weightsEpoch);
      this.#pool.release(leaf.pages.subarray(keep));
      this.#states.drop(leaf);
      if (keep > 0) leaf.keepFirst(keep);
      else this.#removeLeaf(leaf);
    }
  }

  #removeLeaf(leaf: RadixNode): void {
    const { parent, root } = leaf;
    this.#queue.remove(leaf);
    parent?.removeChild(leaf);
    if (root.top.isLeaf) this.#roots.delete(root.namespace);
    else if (parent?.isLeaf === true && parent.lockRef === 0) this.#queue.add(parent);
  }

  #forgetAll(how: HowForgotten): void {
    const pending = [...this.#roots.values()].map(({ top }) => top);
    for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
      for (const child of node.children?.values() ?? []) pending.push(child);
      this.#forgotten.add(node, 0, how, this.weightsEpoch);
    }
  }

  /** Frees what is not locked. The rest is reachable only through its locks from now on. */
  #detach(root: RadixRoot): void {
    root.attached = false;
    const pending = [root.top];
    for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
      for (const child of node.children?.values() ?? []) pending.push(child);
      if (node.lockRef > 0 || node === root.top) continue;
      node.parent?.removeChild(node);
      this.#pool.release(node.pages);
      this.#states.drop(node);
    }
  }
}

interface StateFound {
  readonly end: RadixNode | null;
  readonly numRowTokens: number;
}

function placesOf(states: readonly KeptState[]): Int32Array {
  return Int32Array.from(states, ({ place }) => place);
}
