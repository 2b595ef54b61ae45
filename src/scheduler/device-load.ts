import type { DeviceLoad } from '../messages.js';
import type { DeviceLink } from './device-link.js';
import { cachedPrefixTokens } from './policy.js';
import type { Req } from './req.js';
import { openLinks, type SchedulerState } from './state.js';

/**
 * What waits for a device and what it has done. Requests that are not routed yet count at the first one, and
 * so do texts of an embedding model, which are routed when they are posted.
 */
export function deviceLoad(state: SchedulerState, link: DeviceLink): DeviceLoad {
  const [first] = openLinks(state);
  const waiting = [...state.queue].filter((req) => isMeantFor(req, link, link === first));
  const texts = link === first ? [...state.embeds.waiting] : [];
  const numTextTokens = sum(texts, (text) => text.numTokens);
  const uncached = sum(waiting, (req) => req.promptLen - cachedPrefixTokens(req));
  return {
    numWaiting: waiting.length + texts.length,
    numWaitingTokens: sum(waiting, (req) => req.promptLen) + numTextTokens,
    numWaitingUncachedTokens: uncached + numTextTokens,
    numRetracted: sum(waiting, (req) => (req.numRetractions > 0 ? 1 : 0)),
    maxRunning: link.maxRunning,
    sumSeqLens: sum([...link.runs], ({ req }) => req.promptLen + req.outputIds.length),
    newTokenRatio: link.newTokenRatio.value,
    cacheHitRate: link.stats.cacheHitRate,
    totals: { ...link.stats.totals },
  };
}

function isMeantFor(req: Req, link: DeviceLink, isFirst: boolean): boolean {
  if (req.tree !== null) return req.tree === link.tree;
  const { dpRank } = req.input;
  return dpRank === null ? isFirst : dpRank === link.device.rank;
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
