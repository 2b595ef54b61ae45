import type { FleetClock } from '../../src/fleet/rank.js';
import { turnOfEvents } from './turn-of-events.js';

interface Wait {
  readonly atMs: number;
  readonly resolve: () => void;
}

/** Time that passes only when the test says so. */
export class ManualClock implements FleetClock {
  #nowMs = 0;
  #waits: readonly Wait[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waits = [...this.#waits, { atMs: this.#nowMs + ms, resolve }];
    });
  }

  /** How long each that waits has still to wait, in the order in which they began. */
  get leftMs(): readonly number[] {
    return this.#waits.map(({ atMs }) => atMs - this.#nowMs);
  }

  /** Lets time pass, and what waited for it happen. */
  async advance(ms: number): Promise<void> {
    this.#nowMs += ms;
    const due = this.#waits.filter(({ atMs }) => atMs <= this.#nowMs);
    this.#waits = this.#waits.filter((wait) => !due.includes(wait));
    for (const { resolve } of due) resolve();
    await turnOfEvents();
  }
}
