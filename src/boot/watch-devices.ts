import type { DeviceFleet } from '../fleet/device-fleet.js';
import type { Logger } from '../observability/logger.js';
import type { Breakage } from './breakage.js';

/** A line for each thing that happens to a device; a server without any is broken. */
export function watchDevices(
  { events }: Pick<DeviceFleet, 'events'>,
  log: Pick<Logger, 'info' | 'error'>,
  breakage: Pick<Breakage, 'report'>,
): void {
  events.on('died', ({ rank, generation }, message) => {
    log.error(`Device ${rank} (generation ${generation}) died: ${message}`);
  });
  events.on('replaced', ({ rank, generation }) => {
    log.info(`Device ${rank} is back (generation ${generation})`);
  });
  events.on('gaveUp', (rank, deaths) => {
    log.error(`Device ${rank} died ${deaths} times in a row: it stays down.`);
  });
  events.on('allDown', (message) => {
    breakage.report(message);
  });
}
