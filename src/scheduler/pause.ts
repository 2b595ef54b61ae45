import type { SchedulerParts } from './parts.js';

/**
 * No new rows from here on; steps in flight still bring their tokens. In place, running requests keep
 * their slots and KV. With `retract` they go back to the front of the queue, their KV to the tree, and no
 * waiting request keeps a prefix locked, so that the cache can be flushed meanwhile.
 */
export function pause(
  parts: Pick<SchedulerParts, 'waiting' | 'devices' | 'paused'>,
  mode: 'retract' | 'inPlace',
): void {
  parts.paused = mode;
  if (mode === 'inPlace') return;
  parts.waiting.giveUpAll();
  for (const { seats } of parts.devices) for (const seat of seats) seat.retract();
}
