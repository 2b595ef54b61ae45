/**
 * Who holds what. A lock names the node where a prefix ends, and holds it and all nodes above it.
 *
 * A holder has copied page ids out, so they must stay readable until it unlocks, whatever happens to the
 * tree meanwhile. After a flush the detached nodes themselves keep them. When prefill-made pages replace
 * the pages of a locked node, the old ones become an orphan of every lock that held the node then.
 */
import type { EvictionQueue } from './eviction.js';
import type { PageAllocator } from './page-allocator.js';
import { CacheMisuse } from './prefix-cache.js';
import type { RadixNode } from './radix-node.js';
import type { StateSnapshots } from './state-snapshots.js';

/** Pages that left the tree while locks held them, and the state behind them. Freed with the last of these locks. */
export interface Orphan {
  readonly pages: Int32Array;
  /** Or NO_STATE. */
  readonly statePlace: number;
  numHolders: number;
}

export interface PathLock {
  /** Never the top of a tree. */
  readonly node: RadixNode;
  readonly orphans: Orphan[];
}

export class PathLocks {
  readonly #locks = new Map<number, PathLock>();
  #lastId = 0;
  #numLockedPages = 0;

  constructor(
    readonly pool: PageAllocator,
    readonly queue: EvictionQueue,
    readonly states: StateSnapshots,
  ) {}

  /** Pages of locked nodes, detached or not, and orphans. */
  get numLockedPages(): number {
    return this.#numLockedPages;
  }

  all(): ReadonlyMap<number, PathLock> {
    return this.#locks;
  }

  /** Throws {@link CacheMisuse} when there is no such lock. */
  get(id: number): PathLock {
    const lock = this.#locks.get(id);
    if (lock === undefined) throw new CacheMisuse(`lock ${id} is not held`);
    return lock;
  }

  /** Locks `[top, end]` and marks it as used at `now`. Returns the lock's id, which is never 0. */
  take(end: RadixNode, now: number): number {
    for (let node = end; node.parent !== null; node = node.parent) {
      this.queue.remove(node);
      if (node.lockRef++ === 0) this.#numLockedPages += node.numPages;
      node.lastAccess = now;
    }
    end.numEnds++;
    this.#locks.set(++this.#lastId, { node: end, orphans: [] });
    return this.#lastId;
  }

  /** Unlocked nodes become evictable; in a detached tree they go. */
  drop(id: number): void {
    const lock = this.get(id);
    this.#locks.delete(id);
    for (const orphan of lock.orphans) this.#leave(orphan);
    let { node } = lock;
    node.numEnds--;
    while (node.parent !== null) {
      const parent = node.parent;
      if (--node.lockRef === 0) this.#setFree(node, parent);
      node = parent;
    }
  }

  /** Pages and state are leaving the locked `node`: keeps them for the locks that hold it now. */
  orphan(node: RadixNode): void {
    const { pages } = node;
    const orphan: Orphan = { pages, statePlace: this.states.take(node), numHolders: 0 };
    for (const lock of this.#locks.values()) {
      if (!isOnPath(node, lock.node)) continue;
      lock.orphans.push(orphan);
      orphan.numHolders++;
    }
    this.#numLockedPages += pages.length;
  }

  #leave(orphan: Orphan): void {
    if (--orphan.numHolders > 0) return;
    this.#numLockedPages -= orphan.pages.length;
    this.pool.release(orphan.pages);
    this.states.release(orphan.statePlace);
  }

  #setFree(node: RadixNode, parent: RadixNode): void {
    this.#numLockedPages -= node.numPages;
    if (node.root.attached) {
      if (node.isLeaf) this.queue.add(node);
      return;
    }
    parent.removeChild(node);
    this.pool.release(node.pages);
    this.states.drop(node);
  }
}

/** True when `node` is `end` or above it. */
function isOnPath(node: RadixNode, end: RadixNode): boolean {
  let at: RadixNode | null = end;
  while (at !== null && at !== node) at = at.parent;
  return at === node;
}
