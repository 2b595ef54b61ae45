import { determinismNames, type Determinism } from '../core/device-facts.js';
import type { DeviceFleet } from '../fleet/device-fleet.js';
import type { DeviceHandle, WatchedHandle } from '../device/handle.js';
import type { Logger } from '../observability/logger.js';
import type { Breakage } from './breakage.js';
import type { Watchdog } from './watchdog.js';

/** A line for each thing that happens to a device; a server without any is broken. */
export function watchDevices(
  { events }: Pick<DeviceFleet, 'events'>,
  log: Pick<Logger, 'info' | 'error'>,
  breakage: Pick<Breakage, 'report'>,
): void {
  events.on('attached', ({ rank, generation }, { kind, determinism }) => {
    if (kind === 'cpu') return;
    log.info(
      `Device ${rank} (generation ${generation}) computes on ${kind}. ${bitsOf(determinism)}.`,
    );
  });
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

/**
 * Loading may take as long as it likes; from then on the device's thread must go on. One in a process of its own is
 * killed when it does not, and replaced.
 */
export function watchDevice(
  handle: WatchedHandle,
  watchdog: Pick<Watchdog, 'watch'>,
): DeviceHandle {
  const { device, heart, kill, ready, done } = handle;
  const name = `device ${device.rank} (generation ${device.generation})`;
  void ready
    .then(() => {
      const stop = watchdog.watch({ name, heart, isPrompt: false, kill });
      return done.finally(stop);
    })
    .catch(() => undefined);
  return handle;
}

function bitsOf(determinism: Determinism): string {
  const { kept, lost } = determinismNames(determinism);
  const parts = [
    ['the same bits in ', kept],
    ['other bits in ', lost],
  ] as const;
  const told = parts.filter(([, names]) => names.length > 0);
  const text = told.map(([what, names]) => what + names.join(', ')).join('; ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}
