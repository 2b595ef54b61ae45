import type { DeviceFleet } from '../fleet/device-fleet.js';
import type { Heart } from '../actor/heart.js';
import type { DeviceHandle } from '../device/pool.js';
import type { Logger } from '../observability/logger.js';
import type { Breakage } from './breakage.js';
import type { Watchdog } from './watchdog.js';

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

/** Loading may take as long as it likes; from then on the device's thread must go on. */
export function watchDevice(
  handle: DeviceHandle & { readonly heart: Heart },
  watchdog: Pick<Watchdog, 'watch'>,
): DeviceHandle {
  const { device, heart, ready, done } = handle;
  const name = `device ${device.rank} (generation ${device.generation})`;
  void ready
    .then(() => {
      const stop = watchdog.watch({ name, heart, isPrompt: false });
      return done.finally(stop);
    })
    .catch(() => undefined);
  return handle;
}
