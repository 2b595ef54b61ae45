import type { Failure } from '../../core/errors.js';
import type { TreeKey } from '../../messages.js';
import type { Req } from '../req.js';
import type { Seat } from '../seat/seat.js';
import type { DeviceLink } from './link.js';

/** The device generations that are up, by tree, and the ranks that were ever there. */
export class Devices {
  readonly #links = new Map<TreeKey, DeviceLink>();
  readonly #ranks = new Set<number>();
  readonly #downRanks = new Set<number>();

  get size(): number {
    return this.#links.size;
  }

  /** Every rank that was ever attached. */
  get ranks(): ReadonlySet<number> {
    return this.#ranks;
  }

  /** Those that take new requests, in order of attachment. */
  get open(): DeviceLink[] {
    return [...this.#links.values()].filter(({ retiring }) => !retiring);
  }

  /** Requests that a slot is free for. */
  get numFreeRunning(): number {
    return this.open.reduce((sum, link) => sum + link.numFreeRunning, 0);
  }

  /** Every slot, page and lock of requests that ended is back. */
  get areVacant(): boolean {
    return [...this.#links.values()].every(({ isVacant }) => isVacant);
  }

  at(tree: TreeKey): DeviceLink | undefined {
    return this.#links.get(tree);
  }

  /** Devices may be removed while it is read. */
  [Symbol.iterator](): Iterator<DeviceLink> {
    return this.#links.values();
  }

  /** The seat of a request that runs, or whose text main still checks. */
  seatOf(req: Req): Seat | null {
    for (const { seats, leavers } of this.#links.values()) {
      for (const seat of seats) if (seat.req === req) return seat;
      for (const seat of leavers) if (seat.req === req) return seat;
    }
    return null;
  }

  add(link: DeviceLink): void {
    this.#links.set(link.tree, link);
    this.#ranks.add(link.device.rank);
    this.#downRanks.delete(link.device.rank);
  }

  remove(link: DeviceLink): void {
    this.#links.delete(link.tree);
  }

  /** No device serves this rank any more, and none will. */
  giveUpRank(rank: number): Failure {
    this.#downRanks.add(rank);
    return rankIsDown(rank);
  }

  /** Why a request may not ask for this rank; null = it may. */
  whyNotRank(rank: number): Failure | null {
    if (!this.#ranks.has(rank)) {
      const message = `Device rank ${rank} does not exist: this server has ${this.#ranks.size}.`;
      return { code: 'INVALID_REQUEST', message };
    }
    return this.#downRanks.has(rank) ? rankIsDown(rank) : null;
  }
}

function rankIsDown(rank: number): Failure {
  return { code: 'NO_DEVICE', message: `Device rank ${rank} is down.` };
}
