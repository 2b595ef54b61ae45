import {
  NO_GENERATION,
  type CacheQuestion,
  type DeviceState,
  type StatePool,
  type TreeKey,
  type TreesRead,
  type TreeState,
} from '../../messages.js';
import type { Embedding } from '../embed/embedding.js';
import type { SchedulerParts } from '../parts.js';
import type { DeviceLink } from './link.js';
import { deviceLoad } from './load.js';
import { usedTokens } from './log-lines.js';
import { DeviceStats } from './stats.js';

type Parts = Pick<SchedulerParts, 'outbox' | 'waiting' | 'devices'>;

/**
 * `kv_pool` at one moment. The cache actor knows free, cached, locked and leased pages; which of the
 * leased ones are idle only the scheduler knows. Both look at the moment at which the cache handles the
 * read: leases answered before it that were still on their way when it was asked are idle pages too.
 */
export class StateReads {
  readonly #parts: Parts;
  readonly #embedding: Embedding;
  /** What is idle of each tree's at the moment of each read in flight. */
  readonly #pending = new Map<number, Map<TreeKey, Idle>>();

  constructor(parts: Parts, embedding: Embedding) {
    this.#parts = parts;
    this.#embedding = embedding;
  }

  ask(id: number): void {
    const { devices, outbox } = this.#parts;
    const idle = new Map<TreeKey, Idle>();
    for (const { tree, pages, states } of devices) {
      idle.set(tree, { pages: pages.idle.length, places: states?.idle.length ?? 0 });
    }
    this.#pending.set(id, idle);
    outbox.op({ op: 'read', id });
  }

  /** Replies come in the order of the questions: this lease was asked for before every pending read. */
  noteLeased(tree: TreeKey, { pages = 0, places = 0 }: Partial<Idle>): void {
    for (const idle of this.#pending.values()) {
      const before = idle.get(tree) ?? NOTHING_IDLE;
      idle.set(tree, { pages: before.pages + pages, places: before.places + places });
    }
  }

  /** A read that was refused has no answer. */
  forget({ op, id }: CacheQuestion): void {
    if (op === 'read') this.#pending.delete(id);
  }

  answer({ id, trees }: TreesRead): void {
    const idle = this.#pending.get(id);
    if (idle === undefined) return;
    this.#pending.delete(id);
    const { devices, outbox, waiting } = this.#parts;
    const states: DeviceState[] = [];
    for (const tree of trees) {
      const link = devices.at(tree.tree);
      if (link !== undefined)
        states.push(this.#stateOf(link, tree, idle.get(tree.tree) ?? NOTHING_IDLE));
    }
    const present = new Set(states.map(({ device }) => device.rank));
    for (const rank of devices.ranks) if (!present.has(rank)) states.push(absentDevice(rank));
    const numQueued = waiting.length + this.#embedding.waiting.length;
    outbox.main({ kind: 'stateRead', id, devices: states, numQueued });
  }

  #stateOf(link: DeviceLink, tree: TreeState, idle: Idle): DeviceState {
    const { pageSizeTokens } = link.limits;
    return {
      device: link.device,
      numRunning: link.seats.size + this.#embedding.numRunningOn(link),
      numUsedTokens: usedTokens(link),
      lastGenThroughput: link.stats.lastGenThroughput,
      kvPool: {
        totalTokens: tree.totalPages * pageSizeTokens,
        freeTokens: (tree.freePages + idle.pages) * pageSizeTokens,
        cachedTokens: tree.evictablePages * pageSizeTokens,
        heldTokens: (tree.lockedPages + tree.leasedPages - idle.pages) * pageSizeTokens,
      },
      statePool: statePool(tree, idle),
      load: deviceLoad(this.#parts, this.#embedding.waiting, link),
    };
  }
}

interface Idle {
  readonly pages: number;
  /** For states. */
  readonly places: number;
}

const NOTHING_IDLE: Idle = { pages: 0, places: 0 };

function statePool({ states }: TreeState, idle: Idle): StatePool | null {
  if (states === undefined) return null;
  const { total, free, kept, leased } = states;
  return { total, free: free + idle.places, cached: kept, held: leased - idle.places };
}

/** A rank whose device is gone, and whose next one is not there yet. */
function absentDevice(rank: number): DeviceState {
  return {
    device: { rank, generation: NO_GENERATION },
    numRunning: 0,
    numUsedTokens: 0,
    lastGenThroughput: 0,
    kvPool: { totalTokens: 0, freeTokens: 0, cachedTokens: 0, heldTokens: 0 },
    statePool: null,
    load: {
      numWaiting: 0,
      numWaitingTokens: 0,
      numWaitingUncachedTokens: 0,
      numRetracted: 0,
      maxRunning: 0,
      numAdapters: 0,
      sumSeqLens: 0,
      newTokenRatio: 0,
      cacheHitRate: 0,
      totals: new DeviceStats().totals,
      drafts: null,
    },
  };
}
