/**
 * The recurrent states that nodes of a device's trees own, one at the end of a node: what a sequence can go on from,
 * where rows of K and V alone are not enough. Places have an account of their own, and go least recently used first,
 * whatever happens to the pages; a node that goes takes its state along.
 */
import type { StateCounts } from '../messages.js';
import { PageAllocator } from './page-allocator.js';
import { NO_STATE, type RadixNode } from './radix-node.js';

export class StateSnapshots {
  readonly #pool: PageAllocator;
  /** Nodes with a state, the one that was used longest ago first. */
  readonly #nodes = new Set<RadixNode>();

  constructor(numPlaces: number) {
    this.#pool = new PageAllocator(numPlaces, 'place');
  }

  /** False where the model keeps no state. */
  get isOn(): boolean {
    return this.#pool.numPages > 0;
  }

  get counts(): StateCounts {
    const { numPages: total, numFree: free, numCached: kept, numLeased: leased } = this.#pool;
    return { total, free, kept, leased };
  }

  /** For the invariants. */
  get pool(): PageAllocator {
    return this.#pool;
  }

  /** For the invariants. */
  nodes(): ReadonlySet<RadixNode> {
    return this.#nodes;
  }

  /** Up to `numPlaces`. A state at whose node a lock ends stays: somebody may be about to load it. */
  lease(numPlaces: number): Int32Array {
    for (const node of this.#nodes) {
      if (this.#pool.numFree >= numPlaces) break;
      if (node.numEnds === 0) this.drop(node);
    }
    return this.#pool.lease(numPlaces);
  }

  /** Throws CacheMisuse unless all places are leased and none is listed twice. */
  requireLeased(places: Int32Array): void {
    this.#pool.requireLeased(places);
  }

  leasedOf(places: Int32Array): Int32Array {
    return this.#pool.leasedOf(places);
  }

  /** Leased places become free. */
  giveBack(places: Int32Array): void {
    this.#pool.giveBack(places);
  }

  /** The leased place is the node's, unless it has a state already. */
  keep(node: RadixNode, place: number): void {
    const places = Int32Array.of(place);
    if (node.state !== NO_STATE) {
      this.#pool.giveBack(places);
    } else {
      this.#pool.adopt(places);
      node.state = place;
    }
    this.use(node);
  }

  /** The node's state is used now. */
  use(node: RadixNode): void {
    this.#nodes.delete(node);
    this.#nodes.add(node);
  }

  /** The node's end is not what it was, or its state has to go. */
  drop(node: RadixNode): void {
    this.release(this.take(node));
  }

  /** The node's place, which is not the node's any more; {@link NO_STATE} when it has none. */
  take(node: RadixNode): number {
    const place = node.state;
    this.#nodes.delete(node);
    node.state = NO_STATE;
    return place;
  }

  /** A place that was {@link take}n becomes free. */
  release(place: number): void {
    if (place !== NO_STATE) this.#pool.release(Int32Array.of(place));
  }
}
