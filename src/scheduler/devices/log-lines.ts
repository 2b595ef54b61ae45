/** SGLang's log lines, word for word as far as its tests read them. */
import { acceptLength, acceptRate } from '../../core/acceptance.js';
import type { Outbox } from '../outbox.js';
import type { DeviceLink } from './link.js';

export interface PrefillCounts {
  readonly numSeqs: number;
  readonly numNewTokens: number;
  readonly numCachedTokens: number;
  readonly numQueued: number;
}

/** A step with prompts was posted: counts it, and logs it. */
export function notePrefill(
  outbox: Pick<Outbox, 'log'>,
  link: DeviceLink,
  counts: PrefillCounts,
): void {
  link.stats.addPrefill(counts.numNewTokens, counts.numCachedTokens);
  outbox.log('info', prefillLine(link, counts));
}

function prefillLine(link: DeviceLink, counts: PrefillCounts): string {
  return (
    `Prefill batch. #new-seq: ${counts.numSeqs}, #new-token: ${counts.numNewTokens}, ` +
    `#cached-token: ${counts.numCachedTokens}, token usage: ${tokenUsage(link)}, ` +
    `#running-req: ${link.seats.size}, #queue-req: ${counts.numQueued}`
  );
}

export function decodeLine(link: DeviceLink, numQueued: number): string {
  return (
    `Decode batch. #running-req: ${link.seats.size}, #token: ${usedTokens(link)}, ` +
    `token usage: ${tokenUsage(link)}, ${acceptance(link)}` +
    `gen throughput (token/s): ${link.stats.lastGenThroughput.toFixed(2)}, #queue-req: ${numQueued}`
  );
}

/** Of requests that speculate, since the last line. */
function acceptance({ speculation, stats }: DeviceLink): string {
  if (speculation === null) return '';
  const { lineDrafts } = stats;
  const length = acceptLength(lineDrafts).toFixed(2);
  return `accept len: ${length}, accept rate: ${acceptRate(lineDrafts).toFixed(2)}, `;
}

export function usedTokens(link: DeviceLink): number {
  return link.pages.numHeldPages * link.limits.pageSizeTokens;
}

function tokenUsage(link: DeviceLink): string {
  return (link.pages.numHeldPages / Math.max(1, link.limits.numPages)).toFixed(2);
}
