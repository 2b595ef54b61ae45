import type { DraftStats, LoadTotals } from '../../messages.js';
import { DraftCounts } from '../draft-counts.js';
import type { Req } from '../req.js';

/** Counters of one device for the log lines and `last_gen_throughput`. */
export class DeviceStats {
  lastGenThroughput = 0;
  /** Part of the last prefill's prompt tokens that came from the cache. */
  cacheHitRate = 0;
  readonly totals: Mutable<LoadTotals> = {
    prefillTokens: 0,
    cachedTokens: 0,
    decodeTokens: 0,
    retractions: 0,
    retractedInputTokens: 0,
    retractedOutputTokens: 0,
  };
  /** Of requests that speculate: since the start, and since the last line. */
  readonly drafts = new DraftCounts();
  #draftsSinceLine = new DraftCounts();
  /** What the last line counted. */
  lineDrafts: DraftStats = this.#draftsSinceLine.stats();
  #numDecodeSteps = 0;
  #numTokensSinceLine = 0;
  #lineAtMs: number | null = null;

  addTokens(numTokens: number): void {
    this.#numTokensSinceLine += numTokens;
    this.totals.decodeTokens += numTokens;
  }

  addDrafts(numDrafts: number, numCorrect: number): void {
    this.drafts.add(numDrafts, numCorrect);
    this.#draftsSinceLine.add(numDrafts, numCorrect);
  }

  addPrefill(numNewTokens: number, numCachedTokens: number): void {
    this.totals.prefillTokens += numNewTokens;
    this.totals.cachedTokens += numCachedTokens;
    this.cacheHitRate = numCachedTokens / (numNewTokens + numCachedTokens);
  }

  addRetraction(req: Req): void {
    this.totals.retractions++;
    this.totals.retractedInputTokens += req.promptLen;
    this.totals.retractedOutputTokens += req.outputIds.length;
  }

  /** Counts a decode step; true when a `Decode batch.` line is due. */
  decodeStepDone(interval: number, nowMs: number): boolean {
    this.#lineAtMs ??= nowMs;
    this.#numDecodeSteps++;
    if (this.#numDecodeSteps % interval !== 0) return false;
    const seconds = (nowMs - this.#lineAtMs) / 1000;
    this.lastGenThroughput = seconds > 0 ? this.#numTokensSinceLine / seconds : 0;
    this.#numTokensSinceLine = 0;
    this.lineDrafts = this.#draftsSinceLine.stats();
    this.#draftsSinceLine = new DraftCounts();
    this.#lineAtMs = nowMs;
    return true;
  }

  /** Nothing runs: the pause must not count as decoding time. */
  pause(): void {
    this.#numTokensSinceLine = 0;
    this.#lineAtMs = null;
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
