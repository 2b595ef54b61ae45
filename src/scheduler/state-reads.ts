import {
  NO_GENERATION,
  type DeviceState,
  type Leased,
  type TreeKey,
  type TreesRead,
  type TreeState,
} from '../messages.js';
import type { DeviceLink } from './device-link.js';
import { deviceLoad } from './device-load.js';
import { numRunningEmbeds } from './embed.js';
import { DeviceStats, usedTokens } from './stats.js';
import type { SchedulerState } from './state.js';

/**
 * `kv_pool` at one moment. The cache actor knows free, cached, locked and leased pages; which of the
 * leased ones are idle only the scheduler knows. Both look at the moment at which the cache handles the
 * read: leases answered before it that were still on their way when it was asked are idle pages too.
 */
export class StateReads {
  /** Idle pages per tree at the moment of each read in flight. */
  private readonly pending = new Map<number, Map<TreeKey, number>>();

  ask(state: SchedulerState, id: number): void {
    const idle = new Map<TreeKey, number>();
    for (const link of state.links.values()) idle.set(link.tree, link.pages.idle.length);
    this.pending.set(id, idle);
    state.outbox.op({ op: 'read', id });
  }

  /** Replies come in the order of the questions: this lease was asked for before every pending read. */
  noteLeased(reply: Leased): void {
    for (const idle of this.pending.values()) {
      idle.set(reply.tree, (idle.get(reply.tree) ?? 0) + reply.pages.length);
    }
  }

  answer(state: SchedulerState, reply: TreesRead): void {
    const idle = this.pending.get(reply.id);
    if (idle === undefined) return;
    this.pending.delete(reply.id);
    const devices: DeviceState[] = [];
    for (const tree of reply.trees) {
      const link = state.links.get(tree.tree);
      if (link !== undefined)
        devices.push(deviceState(state, link, tree, idle.get(tree.tree) ?? 0));
    }
    const missing = [...state.ranks].filter((rank) =>
      devices.every((one) => one.device.rank !== rank),
    );
    devices.push(...missing.map(absentDevice));
    state.outbox.main({
      kind: 'stateRead',
      id: reply.id,
      devices,
      numQueued: state.queue.length + state.embeds.numWaiting,
    });
  }
}

/** A rank whose device is gone, and whose next one is not there yet. */
function absentDevice(rank: number): DeviceState {
  return {
    device: { rank, generation: NO_GENERATION },
    ...{ numRunning: 0, numUsedTokens: 0, lastGenThroughput: 0 },
    kvPool: { totalTokens: 0, freeTokens: 0, cachedTokens: 0, heldTokens: 0 },
    load: {
      ...{ numWaiting: 0, numWaitingTokens: 0, numWaitingUncachedTokens: 0, numRetracted: 0 },
      ...{ maxRunning: 0, sumSeqLens: 0, newTokenRatio: 0, cacheHitRate: 0 },
      totals: new DeviceStats().totals,
    },
  };
}

function deviceState(
  state: SchedulerState,
  link: DeviceLink,
  tree: TreeState,
  numIdle: number,
): DeviceState {
  const { pageSizeTokens } = link.limits;
  return {
    device: link.device,
    numRunning: link.runs.size + numRunningEmbeds(state, link),
    numUsedTokens: usedTokens(link),
    lastGenThroughput: link.stats.lastGenThroughput,
    kvPool: {
      totalTokens: tree.totalPages * pageSizeTokens,
      freeTokens: (tree.freePages + numIdle) * pageSizeTokens,
      cachedTokens: tree.evictablePages * pageSizeTokens,
      heldTokens: (tree.lockedPages + tree.leasedPages - numIdle) * pageSizeTokens,
    },
    load: deviceLoad(state, link),
  };
}
