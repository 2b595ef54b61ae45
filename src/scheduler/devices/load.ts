import type { DeviceLoad } from '../../messages.js';
import type { EmbedQueue } from '../embed/embed-queue.js';
import type { SchedulerParts } from '../parts.js';
import type { WaitingReq } from '../waiting/ticket.js';
import type { DeviceLink } from './link.js';
import { runningAdapters } from './running-adapters.js';

/**
 * What waits for a device and what it has done. Requests that are not routed yet count at the first one, and
 * so do texts of an embedding model, which are routed when they are posted.
 */
export function deviceLoad(
  { waiting, devices }: Pick<SchedulerParts, 'waiting' | 'devices'>,
  texts: EmbedQueue,
  link: DeviceLink,
): DeviceLoad {
  const isFirst = link === devices.open[0];
  const tickets = [...waiting].filter((ticket) => isMeantFor(ticket, link, isFirst));
  const numTextTokens = isFirst ? texts.numTokens : 0;
  const uncached = sum(tickets, (one) => one.req.promptLen - one.cachedPrefixTokens);
  return {
    numWaiting: tickets.length + (isFirst ? texts.length : 0),
    numWaitingTokens: sum(tickets, ({ req }) => req.promptLen) + numTextTokens,
    numWaitingUncachedTokens: uncached + numTextTokens,
    numRetracted: sum(tickets, ({ req }) => (req.numRetractions > 0 ? 1 : 0)),
    maxRunning: link.maxRunning,
    numAdapters: runningAdapters(link).size,
    sumSeqLens: sum([...link.seats], ({ req }) => req.promptLen + req.outputIds.length),
    newTokenRatio: link.newTokenRatio.value,
    cacheHitRate: link.stats.cacheHitRate,
    totals: { ...link.stats.totals },
    drafts: link.speculation === null ? null : link.stats.drafts.stats(),
  };
}

function isMeantFor({ target, req }: WaitingReq, link: DeviceLink, isFirst: boolean): boolean {
  if (target !== null) return target === link.tree;
  const { dpRank } = req.input;
  return dpRank === null ? isFirst : dpRank === link.device.rank;
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
