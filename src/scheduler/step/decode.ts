import type { DeviceLink } from '../devices/link.js';
import type { StepBuilder } from './builder.js';

/**
 * One more row for every request past its prompt, a turn for one that speculates. Those that get no page sit this step
 * out, and the device is `starved` until they do.
 */
export function planDecode(link: DeviceLink, step: StepBuilder): void {
  link.starved = false;
  for (const seat of link.seats) {
    if (!seat.canDecode) continue;
    if (seat.grow()) step.addDecode(seat);
    else if (!seat.hasSpareRows) link.starved = true;
  }
}
