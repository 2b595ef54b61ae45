import type { TreeKey } from '../messages.js';
import type { Clock } from '../core/clock.js';
import type { SchedulerConfig } from '../core/scheduler-config.js';
import type { DeviceLink } from './device-link.js';
import type { EmbedQueue } from './embed-queue.js';
import type { Outbox } from './outbox.js';
import type { Req } from './req.js';
import type { WaitingQueue } from './waiting-queue.js';

/** All that the scheduler owns. The files of this folder are its acts. */
export interface SchedulerState {
  config: SchedulerConfig;
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly queue: WaitingQueue;
  /** Accepted and not finished, by handle. */
  readonly live: Map<number, Req>;
  /** The same by rid. */
  readonly rids: Map<string, Req>;
  /** Requests of an embedding model: beside `live`, `rids` and `queue`, which they never enter. */
  readonly embeds: EmbedQueue;
  /** Device generations that are up, by tree. */
  readonly links: Map<TreeKey, DeviceLink>;
  /** Every rank that was ever attached. */
  readonly ranks: Set<number>;
  /** Those of them that no device serves any more. */
  readonly downRanks: Set<number>;
  /** Steps that are planned now say which experts their rows took. */
  recordsExperts: boolean;
  /** Main hears of every step. */
  profiling: boolean;
  /** No new rows: `/pause_generation`. */
  paused: 'retract' | 'inPlace' | null;
}

/** A request that has begun goes on with the weights it began on, also on a device that retires. */
export function takes(link: DeviceLink, { firstRun }: Req): boolean {
  return firstRun === null ? !link.retiring : link.weightsEpoch === firstRun.weightsEpoch;
}

/** Devices that retire but for waiting requests that began on their weights. */
export function isAwaited(state: SchedulerState, link: DeviceLink): boolean {
  for (const { firstRun } of state.queue) {
    if (firstRun?.weightsEpoch === link.weightsEpoch) return true;
  }
  return false;
}

/** Devices that take new requests. */
export function openLinks(state: SchedulerState): DeviceLink[] {
  return [...state.links.values()].filter((link) => !link.retiring);
}

export function numRunning(state: SchedulerState): number {
  return state.live.size - state.queue.length;
}
