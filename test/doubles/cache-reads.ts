import type { CacheActor } from '../../src/cache/cache-actor.js';
import type { CacheReads } from '../../src/engine/cache-reads.js';

/** What main asks a cache actor over the control plane, of one on the same thread. */
export function cacheReads(actor: CacheActor): CacheReads {
  return {
    snapshot: () => Promise.resolve(actor.snapshot()),
    look: (wishes) => Promise.resolve(actor.look(wishes)),
    stopLooking: () => {
      actor.stopLooking();
      return Promise.resolve();
    },
    explain: (question) => Promise.resolve(actor.explain(question)),
    expertCounts: () => Promise.resolve(actor.expertCounts()),
  };
}
