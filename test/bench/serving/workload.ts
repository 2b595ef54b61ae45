import { setTimeout as sleep } from 'node:timers/promises';

import { seededRandom } from '../../../src/core/clock.js';
import { RandomIds } from '../lib/random-ids.js';

/** Requests that come at random times, whether those before them are answered or not. */
export interface ServingWorkload {
  /** Requests a second; Infinity = all at once. */
  readonly rate: number;
  readonly numPrompts: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly seed: number;
}

export interface ServedRequest {
  readonly ttftMs: number;
  /** When each token came, on a clock of the request's or the run's. */
  readonly tokensMs: readonly number[];
}

export interface ServingTiming {
  readonly wallMs: number;
  readonly requests: readonly ServedRequest[];
}

/** `[numPrompts]` prompts that no cache has seen. */
export function servingPrompts({ numPrompts, inputTokens, seed }: ServingWorkload): number[][] {
  const random = new RandomIds(seed);
  return Array.from({ length: numPrompts }, () => random.ids(inputTokens));
}

/** A Poisson process: independent gaps, exponential with mean 1 / rate. The first request comes at 0. */
export function arrivalsMs({ rate, numPrompts, seed }: ServingWorkload): number[] {
  const random = seededRandom(seed);
  let now = 0;
  return Array.from({ length: numPrompts }, (_, i) => {
    if (i > 0) now += (-1000 * Math.log(1 - random())) / rate;
    return now;
  });
}

/** Sends each prompt when its time has come. */
export async function serveOverHttp(
  workload: ServingWorkload,
  send: (inputIds: readonly number[]) => Promise<ServedRequest>,
): Promise<ServingTiming> {
  const arrivals = arrivalsMs(workload);
  const start = performance.now();
  const requests = servingPrompts(workload).map(async (inputIds, i) => {
    await sleep((arrivals[i] ?? 0) - (performance.now() - start));
    return send(inputIds);
  });
  const served = await Promise.all(requests);
  return { wallMs: performance.now() - start, requests: served };
}
