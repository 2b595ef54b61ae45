import {
  NO_GENERATION,
  type CacheQuestion,
  type DeviceState,
  type Leased,
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
  /** Idle pages per tree at the moment of each read in flight. */
  readonly #pending = new Map<number, Map<TreeKey, number>>();

  constructor(parts: Parts, embedding: Embedding) {
    this.#parts = parts;
    this.#embedding = embedding;
  }

  ask(id: number): void {
    const { devices, outbox } = this.#parts;
    const idle = new Map<TreeKey, number>();
    for (const { tree, pages } of devices) idle.set(tree, pages.idle.length);
    this.#pending.set(id, idle);
    outbox.op({ op: 'read', id });
  }

  /** Replies come in the order of the questions: this lease was asked for before every pending read. */
  noteLeased(reply: Leased): void {
    for (const idle of this.#pending.values()) {
      idle.set(reply.tree, (idle.get(reply.tree) ?? 0) + reply.pages.length);
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
      if (link !== undefined) states.push(this.#stateOf(link, tree, idle.get(tree.tree) ?? 0));
    }
    const present = new Set(states.map(({ device }) => device.rank));
    for (const rank of devices.ranks) if (!present.has(rank)) states.push(absentDevice(rank));
    const numQueued = waiting.length + this.#embedding.waiting.length;
    outbox.main({ kind: 'stateRead', id, devices: states, numQueued });
  }

  #stateOf(link: DeviceLink, tree: TreeState, numIdle: number): DeviceState {
    const { pageSizeTokens } = link.limits;
    return {
      device: link.device,
      numRunning: link.seats.size + this.#embedding.numRunningOn(link),
      numUsedTokens: usedTokens(link),
      lastGenThroughput: link.stats.lastGenThroughput,
      kvPool: {
        totalTokens: tree.totalPages * pageSizeTokens,
        freeTokens: (tree.freePages + numIdle) * pageSizeTokens,
        cachedTokens: tree.evictablePages * pageSizeTokens,
        heldTokens: (tree.lockedPages + tree.leasedPages - numIdle) * pageSizeTokens,
      },
      load: deviceLoad(this.#parts, this.#embedding.waiting, link),
    };
  }
}

/** A rank whose device is gone, and whose next one is not there yet. */
function absentDevice(rank: number): DeviceState {
  return {
    device: { rank, generation: NO_GENERATION },
    numRunning: 0,
    numUsedTokens: 0,
    lastGenThroughput: 0,
    kvPool: { totalTokens: 0, freeTokens: 0, cachedTokens: 0, heldTokens: 0 },
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
