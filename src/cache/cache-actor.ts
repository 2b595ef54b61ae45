/**
 * The cache actor: one prefix cache per device generation, and the only code that changes one. It is
 * synchronous and knows no port: workers/cache.ts runs it on its thread, the simulation calls it.
 */
import type {
  CacheFault,
  CacheOp,
  CacheReplies,
  CacheReply,
  ControlExperts,
  InsertPrefix,
  LeasePages,
  LeaseStates,
  MatchPrefix,
  OpenTree,
  ProbePrefix,
  RefusedInsert,
  ReturnPages,
  ReturnStates,
  ToCache,
  TreeKey,
  TreeState,
  Unlock,
} from '../messages.js';
import type { ExpertTally, ExpertRecording } from '../core/expert-recording.js';
import type { PrefixLeaving, PromptQuestion } from '../core/prefix-leaving.js';
import type { TreesSeen, TreesWish } from '../core/tree-view.js';
import { DisabledCache } from './disabled-cache.js';
import { ExpertRecorder } from './expert-recorder.js';
import { explainMiss } from './explain-miss.js';
import { ForgottenPages } from './forgotten-pages.js';
import {
  CacheMisuse,
  NO_PAGES,
  requireCount,
  type LeftOfInsert,
  type PrefixCache,
} from './prefix-cache.js';
import { RadixTree } from './radix-tree.js';
import { TreeWatch } from './tree-watch.js';
import { whereItLeaves } from './where-it-leaves.js';

type TreeOp =
  MatchPrefix | InsertPrefix | Unlock | LeasePages | ReturnPages | LeaseStates | ReturnStates;

/** Late operations are only a few steps late, so the oldest closed trees can be forgotten. */
const CLOSED_TREES_MAX = 1024;

const NOTHING_LEFT: LeftOfInsert = { pages: NO_PAGES, lock: 0, states: NO_PAGES };

export class CacheActor {
  readonly #trees = new Map<TreeKey, PrefixCache>();
  /** Oldest first. */
  readonly #closed = new Set<TreeKey>();
  readonly #forgotten = new ForgottenPages();

  readonly #experts: ExpertRecorder | null;
  readonly #watch = new TreeWatch(this.#trees, () => Date.now());

  /** `recording` is null where no expert statistics are kept. */
  constructor(recording: ExpertRecording | null = null) {
    this.#experts = recording === null ? null : new ExpertRecorder(recording);
  }

  /** Applies the operations in order; null when none of them has an answer. */
  handle(message: ToCache): CacheReplies | null {
    const replies: CacheReply[] = [];
    for (const op of message.ops) {
      const reply = this.#applyOrFault(op);
      if (reply !== null) replies.push(reply);
    }
    return replies.length === 0 ? null : { kind: 'replies', replies };
  }

  /** The state of every open tree: a copy, for the control plane. */
  snapshot(): readonly TreeState[] {
    return [...this.#trees].map(([tree, cache]) => ({ tree, ...cache.state() }));
  }

  /** All trees for those who watch them; from the first look on hits and evictions are counted. */
  look(wishes: readonly TreesWish[]): TreesSeen {
    return this.#watch.look(wishes);
  }

  /** Nobody watches any more. */
  stopLooking(): void {
    this.#watch.stop();
  }

  /** Where a prompt leaves each tree, for whoever asks without running it. */
  explain(question: PromptQuestion): readonly PrefixLeaving[] {
    const all = { caches: this.#trees, forgotten: this.#forgotten };
    return whereItLeaves(question, all, (node) => this.#watch.idOf(node));
  }

  /** What has been recorded so far: a copy. Null = no statistics are kept. */
  expertCounts(): ExpertTally | null {
    return this.#experts?.counts() ?? null;
  }

  /** Broken invariants of all trees. Walks everything: for tests and idle moments. */
  check(): readonly CacheFault[] {
    const nobody = { num: null, insert: null, question: null };
    return [...this.#trees].flatMap(([tree, cache]) =>
      cache.violations().map((message) => ({ op: 'fault', tree, message, ...nobody }) as const),
    );
  }

  #applyOrFault(op: CacheOp): CacheReply | null {
    try {
      return this.#apply(op);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      // Any other error is a bug here, but it too is only allowed to cost the request that asked.
      const cause = error instanceof CacheMisuse ? '' : `This is a bug: ${error.name}: `;
      return {
        op: 'fault',
        num: 'num' in op ? op.num : null,
        tree: 'tree' in op ? op.tree : null,
        message: `${op.op}: ${cause}${error.message}`,
        insert: op.op === 'insert' ? this.#refusedInsert(op) : null,
        question: 'id' in op ? { op: op.op, id: op.id } : null,
      };
    }
  }

  #refusedInsert(op: InsertPrefix): RefusedInsert {
    const left = this.#trees.get(op.tree)?.leftOf(op) ?? NOTHING_LEFT;
    return { relock: op.relock, ...left };
  }

  #apply(op: CacheOp): CacheReply | null {
    switch (op.op) {
      case 'open':
        this.#open(op);
        return null;
      case 'close':
        this.#close(op.tree);
        return null;
      case 'probe':
        return this.#probe(op);
      case 'flush':
        for (const cache of this.#trees.values()) cache.flush();
        return { op: 'flushed', id: op.id };
      case 'read':
        return { op: 'read', id: op.id, trees: this.snapshot() };
      case 'pass':
        this.#experts?.add(op);
        return null;
      case 'experts':
        return this.#controlExperts(op);
      default: {
        const cache = this.#trees.get(op.tree);
        if (cache !== undefined) {
          return op.op === 'match' ? this.#match(cache, op) : applyTo(cache, op);
        }
        if (this.#closed.has(op.tree)) return emptyReply(op);
        throw new CacheMisuse(`no tree ${op.tree}`);
      }
    }
  }

  #controlExperts({ id, action }: ControlExperts): CacheReply {
    if (this.#experts === null) throw new CacheMisuse('no expert statistics are kept');
    if (action === 'dump') return { op: 'experts', id, dump: this.#experts.dump() };
    if (action === 'start') this.#experts.start();
    else this.#experts.stop();
    return { op: 'experts', id, dump: null };
  }

  #match(own: PrefixCache, op: MatchPrefix): CacheReply {
    const { num, tree, explains } = op;
    const found = own.match(op);
    const caches = { own, all: this.#trees.values(), forgotten: this.#forgotten };
    const miss = explains ? explainMiss(op, found.numTokens, caches) : null;
    return { op: 'matched', num, tree, ...found, miss };
  }

  #open({ tree, numPages, pageSizeTokens, disabled, weightsEpoch, ...more }: OpenTree): void {
    const { numStatePlaces = 0 } = more;
    if (this.#trees.has(tree)) throw new CacheMisuse(`tree ${tree} is open already`);
    if (this.#closed.has(tree)) throw new CacheMisuse(`tree ${tree} was closed for good`);
    if (!Number.isInteger(pageSizeTokens) || pageSizeTokens < 1) {
      throw new CacheMisuse(`pageSizeTokens is ${pageSizeTokens}`);
    }
    requireCount('numPages', numPages);
    requireCount('numStatePlaces', numStatePlaces);
    const options = { weightsEpoch, forgotten: this.#forgotten, numStatePlaces };
    const cache = disabled
      ? new DisabledCache(numPages, pageSizeTokens, weightsEpoch)
      : new RadixTree(numPages, pageSizeTokens, options);
    this.#trees.set(tree, cache);
    this.#watch.opened(tree, cache);
  }

  #close(tree: TreeKey): void {
    if (this.#closed.has(tree)) return;
    const cache = this.#trees.get(tree);
    if (cache === undefined) throw new CacheMisuse(`no tree ${tree}`);
    this.#trees.delete(tree);
    cache.close();
    this.#closed.add(tree);
    for (const oldest of this.#closed) {
      if (this.#closed.size <= CLOSED_TREES_MAX) break;
      this.#closed.delete(oldest);
    }
  }

  #probe({ num, namespace, tokens }: ProbePrefix): CacheReply {
    const matches = [...this.#trees].map(([tree, cache]) => ({
      tree,
      numTokens: cache.probe(namespace, tokens),
    }));
    return { op: 'probed', num, matches };
  }
}

function applyTo(cache: PrefixCache, op: Exclude<TreeOp, MatchPrefix>): CacheReply | null {
  switch (op.op) {
    case 'insert': {
      const inserted = cache.insert(op);
      return op.relock ? { op: 'inserted', num: op.num, tree: op.tree, ...inserted } : null;
    }
    case 'unlock':
      cache.unlock(op.lock);
      return null;
    case 'lease':
      return { op: 'leased', tree: op.tree, pages: cache.lease(op.numPages), asked: op.numPages };
    case 'return':
      cache.giveBack(op.pages);
      return null;
    case 'leaseStates': {
      const places = cache.leaseStates(op.numPlaces);
      return { op: 'leasedStates', tree: op.tree, places, asked: op.numPlaces };
    }
    case 'returnStates':
      cache.giveBackStates(op.places);
      return null;
  }
}

/** What a closed tree answers: its device is gone, and the scheduler will hear so or has. */
function emptyReply(op: TreeOp): CacheReply | null {
  const pages = NO_PAGES;
  switch (op.op) {
    case 'match':
      return {
        op: 'matched',
        num: op.num,
        tree: op.tree,
        numTokens: 0,
        pages,
        lock: 0,
        miss: null,
      };
    case 'insert':
      if (!op.relock) return null;
      return { op: 'inserted', num: op.num, tree: op.tree, pages, lock: 0 };
    case 'lease':
      return { op: 'leased', tree: op.tree, pages, asked: op.numPages };
    case 'leaseStates':
      return { op: 'leasedStates', tree: op.tree, places: pages, asked: op.numPlaces };
    case 'unlock':
    case 'return':
    case 'returnStates':
      return null;
  }
}
