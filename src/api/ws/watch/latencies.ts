import type { ObservedRequest } from '../../../observability/engine-events.js';
import type { LatencyState, Percentiles } from './types.js';

/** Seconds that count. */
const WINDOW_S = 60;
/** Of each kind; at a high rate the window is shorter. */
const SAMPLES_MAX = 8192;

/** Times of one kind, the newest ones. */
class Samples {
  readonly #atMs: number[] = [];
  readonly #values: number[] = [];

  add(atMs: number, value: number): void {
    this.#atMs.push(atMs);
    this.#values.push(value);
    if (this.#values.length > 2 * SAMPLES_MAX) this.#forget(this.#values.length - SAMPLES_MAX);
  }

  /** Of those from `fromMs` on; null = there are none. */
  percentiles(fromMs: number): Percentiles | null {
    const first = this.#atMs.findIndex((atMs) => atMs >= fromMs);
    this.#forget(first < 0 ? this.#values.length : first);
    const sorted = Float64Array.from(this.#values.slice(-SAMPLES_MAX)).sort();
    if (sorted.length === 0) return null;
    const at = (part: number): number =>
      Number(
        (sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0).toFixed(3),
      );
    return { count: sorted.length, p50: at(0.5), p90: at(0.9), p99: at(0.99) };
  }

  #forget(num: number): void {
    this.#atMs.splice(0, num);
    this.#values.splice(0, num);
  }
}

interface Seen {
  readonly numTokens: number;
  readonly atMs: number;
}

/** How long requests took lately: to the first token, from one to the next, and altogether. */
export class Latencies {
  readonly #ttft = new Samples();
  readonly #interToken = new Samples();
  readonly #total = new Samples();
  readonly #seen = new WeakMap<ObservedRequest, Seen>();
  readonly #beganMs: number;

  /** @param beganMs of requests that came earlier the first token may have been missed */
  constructor(beganMs: number) {
    this.#beganMs = beganMs;
  }

  progressed(request: ObservedRequest, nowMs: number): void {
    const seen = this.#seen.get(request);
    const numTokens = request.outputIds.length;
    this.#seen.set(request, { numTokens, atMs: nowMs });
    if (seen === undefined) {
      if (request.createdMs >= this.#beganMs) this.#ttft.add(nowMs, nowMs - request.createdMs);
      return;
    }
    const numNew = numTokens - seen.numTokens;
    for (let i = 0; i < numNew; i++) this.#interToken.add(nowMs, (nowMs - seen.atMs) / numNew);
  }

  finished({ createdMs, finishedMs }: ObservedRequest): void {
    if (finishedMs !== null) this.#total.add(finishedMs, finishedMs - createdMs);
  }

  state(nowMs: number): LatencyState {
    const fromMs = nowMs - 1000 * WINDOW_S;
    const ttft = this.#ttft.percentiles(fromMs);
    const interToken = this.#interToken.percentiles(fromMs);
    const total = this.#total.percentiles(fromMs);
    return {
      window_s: WINDOW_S,
      ...(ttft && { ttft_ms: ttft }),
      ...(interToken && { inter_token_ms: interToken }),
      ...(total && { total_ms: total }),
    };
  }
}
