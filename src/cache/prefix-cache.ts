/** What the cache actor asks of a cache, whatever is behind it. One instance per device generation. */
import type {
  InsertPrefix,
  Inserted,
  MatchPrefix,
  Matched,
  RefusedInsert,
  TreeState,
} from '../messages.js';
import type { RadixNode } from './radix-node.js';
import type { TreeReader } from './tree-reader.js';

export type MatchRequest = Omit<MatchPrefix, 'op' | 'num' | 'tree' | 'tenant' | 'explains'>;
export type MatchResult = Pick<Matched, 'numTokens' | 'pages' | 'lock' | 'state'>;
export type InsertRequest = Omit<InsertPrefix, 'op' | 'num' | 'tree'>;
export type InsertResult = Pick<Inserted, 'pages' | 'lock'>;
export type LeftOfInsert = Omit<RefusedInsert, 'relock'>;
export type CacheState = Omit<TreeState, 'tree'>;

/** The caller's input contradicts what the cache knows. Thrown before anything is changed. */
export class CacheMisuse extends Error {
  override readonly name = 'CacheMisuse';
}

/** Told of what happens to the nodes of a cache, before it happens to them. */
export interface TreeObserver {
  /** A match ends at this node. */
  matched(end: RadixNode): void;
  /** All pages of this leaf but the first `keep` go to others. */
  evicting(leaf: RadixNode, keep: number): void;
}

/**
 * Accounts for `[0, numPages)`: every page is free, leased to the caller, or cached (and then evictable
 * or locked), and the four always add up. So do the places of states. All methods but `probe`, `state` and `violations` change the
 * cache; those that can be misused throw {@link CacheMisuse} and change nothing then.
 */
export interface PrefixCache {
  readonly pageSizeTokens: number;
  /** Which weights its rows were made with. */
  readonly weightsEpoch: number;
  /** Rows alone are not enough to go on from: what is shared ends at a recurrent state. */
  readonly keepsStates: boolean;
  /** For who asks why something was not cached, or watches. */
  readonly reader: TreeReader;
  /** Logical time: grows with each match and insert. */
  readonly clock: number;
  /** Null while nobody watches. */
  observer: TreeObserver | null;
  /** Tokens of the longest cached prefix, whole pages. Locks and touches nothing. */
  probe(namespace: string, tokens: Int32Array): number;
  /** Locks what it finds until the lock goes to `unlock` or `insert`. */
  match(request: MatchRequest): MatchResult;
  /** Takes the caller's pages and its lock over. Empty pages and lock 0 unless `relock`. */
  insert(request: InsertRequest): InsertResult;
  /** What of an insert that failed is still the caller's: pages and places that are leased, and its lock. */
  leftOf(request: InsertRequest): LeftOfInsert;
  unlock(lock: number): void;
  /** Up to `numPages` pages, evicting if it must. */
  lease(numPages: number): Int32Array;
  giveBack(pages: Int32Array): void;
  /** Up to `numPlaces` places for states, letting go of kept ones if it must. */
  leaseStates(numPlaces: number): Int32Array;
  giveBackStates(places: Int32Array): void;
  /** Nothing cached so far is matched again. Locked pages stay readable until unlocked. */
  flush(): void;
  /** Its device has gone: remembers what was cached, and is not asked again. */
  close(): void;
  state(): CacheState;
  /** Broken invariants in words; empty is healthy. Costs a walk over everything. */
  violations(): readonly string[];
}

export const NO_PAGES = new Int32Array(0);

export function requireCount(name: string, value: number): void {
  if (Number.isInteger(value) && value >= 0) return;
  throw new CacheMisuse(`${name} is ${value}, not a count`);
}
