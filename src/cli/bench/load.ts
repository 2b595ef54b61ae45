import { setTimeout as sleep } from 'node:timers/promises';

import type { Random } from './random.js';

export interface LoadOptions {
  /** Requests a second, arriving as a Poisson process; Infinity = all at once. */
  readonly requestRate: number;
  /** Requests that run at once, at most; the others wait, and their time begins when they are sent. */
  readonly maxConcurrency: number;
  readonly random: Random;
  readonly signal: AbortSignal;
}

/** Sends each row when its time has come. @returns what `send` made of those that were sent, in their order */
export async function runLoad<Row, Result>(
  rows: readonly Row[],
  send: (row: Row) => Promise<Result>,
  { requestRate, maxConcurrency, random, signal }: LoadOptions,
): Promise<readonly Result[]> {
  const room = new Room(maxConcurrency);
  const running: Promise<Result | null>[] = [];
  const startMs = performance.now();
  let dueMs = startMs;
  for (const row of rows) {
    await until(dueMs, signal);
    if (signal.aborted) break;
    running.push(room.use(() => (signal.aborted ? Promise.resolve(null) : send(row))));
    // Counted from the first one: a late timer makes no lower rate.
    if (requestRate !== Infinity) dueMs += random.exponential(1000 / requestRate);
  }
  const results = await Promise.all(running);
  return results.filter((one) => one !== null);
}

/** Not before: a timer of Node may fire up to two milliseconds early. */
async function until(dueMs: number, signal: AbortSignal): Promise<void> {
  for (let waitMs = dueMs - performance.now(); waitMs > 0 && !signal.aborted;) {
    await sleep(Math.ceil(waitMs), undefined, { signal }).catch(() => undefined);
    waitMs = dueMs - performance.now();
  }
}

/** Lets so many in at once, the others in their order. */
class Room {
  #numFree: number;
  readonly #waiting: (() => void)[] = [];

  constructor(size: number) {
    this.#numFree = size;
  }

  async use<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#numFree > 0) this.#numFree -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#numFree += 1;
      else next();
    }
  }
}
