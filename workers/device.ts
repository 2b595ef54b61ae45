import { serveDevice, type DeviceInit } from '../src/device/device-worker.js';

/** The first task of a thread that is started before there is a model: its code is loaded then. */
export function warm(): void {
  // To be called is all.
}

/**
 * Thread entry of a device: Piscina calls `serve` once, for the life of the thread. After retiring the
 * thread ends from inside, between runs, with its session released: nobody else may end it.
 */
export async function serve(init: DeviceInit): Promise<void> {
  await serveDevice(init);
  process.exit(0);
}
