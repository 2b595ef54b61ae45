import { dropMatch } from './prefix-match.js';
import type { SchedulerState } from './state.js';

/**
 * No new rows from here on; steps in flight still bring their tokens. In place, running requests keep
 * their slots and KV. With `retract` they go back to the front of the queue, their KV to the tree, and no
 * waiting request keeps a prefix locked, so that the cache can be flushed meanwhile.
 */
export function pause(state: SchedulerState, mode: 'retract' | 'inPlace'): void {
  state.paused = mode;
  if (mode === 'inPlace') return;
  for (const req of state.queue) dropMatch(state, req);
  for (const link of state.links.values()) {
    for (const run of link.runs) run.retracting = true;
  }
}
