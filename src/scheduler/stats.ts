import type { LoadTotals } from '../messages.js';
import type { DeviceLink } from './device-link.js';
import type { Outbox } from './outbox.js';
import type { Req } from './req.js';

/** Counters of one device for the log lines and `last_gen_throughput`. */
export class DeviceStats {
  lastGenThroughput = 0;
  /** Of the last prefill. */
  cacheHitRate = 0;
  readonly totals: Mutable<LoadTotals> = {
    prefillTokens: 0,
    cachedTokens: 0,
    decodeTokens: 0,
    retractions: 0,
    retractedInputTokens: 0,
    retractedOutputTokens: 0,
  };
  private numDecodeSteps = 0;
  private numTokensSinceLine = 0;
  private lineAtMs: number | null = null;

  addTokens(numTokens: number): void {
    this.numTokensSinceLine += numTokens;
    this.totals.decodeTokens += numTokens;
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
    this.lineAtMs ??= nowMs;
    this.numDecodeSteps++;
    if (this.numDecodeSteps % interval !== 0) return false;
    const seconds = (nowMs - this.lineAtMs) / 1000;
    this.lastGenThroughput = seconds > 0 ? this.numTokensSinceLine / seconds : 0;
    this.numTokensSinceLine = 0;
    this.lineAtMs = nowMs;
    return true;
  }

  /** Nothing runs: the pause must not count as decoding time. */
  pause(): void {
    this.numTokensSinceLine = 0;
    this.lineAtMs = null;
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export interface PrefillCounts {
  readonly numSeqs: number;
  readonly numNewTokens: number;
  readonly numCachedTokens: number;
  readonly numQueued: number;
}

/** A step with prompts was posted: counts it, and logs it. */
export function notePrefill(
  { outbox }: { readonly outbox: Outbox },
  link: DeviceLink,
  counts: PrefillCounts,
): void {
  link.stats.addPrefill(counts.numNewTokens, counts.numCachedTokens);
  outbox.log('info', prefillLine(link, counts));
}

/** SGLang's line, word for word as far as its tests read it. */
function prefillLine(link: DeviceLink, counts: PrefillCounts): string {
  return (
    `Prefill batch. #new-seq: ${counts.numSeqs}, #new-token: ${counts.numNewTokens}, ` +
    `#cached-token: ${counts.numCachedTokens}, token usage: ${tokenUsage(link)}, ` +
    `#running-req: ${link.runs.size}, #queue-req: ${counts.numQueued}`
  );
}

export function decodeLine(link: DeviceLink, numQueued: number): string {
  return (
    `Decode batch. #running-req: ${link.runs.size}, #token: ${usedTokens(link)}, ` +
    `token usage: ${tokenUsage(link)}, ` +
    `gen throughput (token/s): ${link.stats.lastGenThroughput.toFixed(2)}, #queue-req: ${numQueued}`
  );
}

export function usedTokens(link: DeviceLink): number {
  return link.pages.numHeldPages * link.limits.pageSizeTokens;
}

function tokenUsage(link: DeviceLink): string {
  return (link.pages.numHeldPages / Math.max(1, link.limits.numPages)).toFixed(2);
}
