import '../telemetry.js';
import { Worker } from 'node:worker_threads';
import { StartupError } from '../../core/errors.js';
import { deviceLines, handleOf, type WatchedHandle } from '../handle.js';
import type { AdapterEnv } from '../adapters/adapter-env.js';
import type { DeviceStart } from '../pool.js';
import type { Kill, RelayEnd, RelayInit } from './relay.js';

export interface ChildOptions {
  /** What the process has in its environment besides this one's, null = not set: the choice of an adapter. */
  readonly env: AdapterEnv;
  /** The module that it runs; default: a device. */
  readonly entry?: URL;
}

/**
 * Starts a device in a process of its own, behind the same messages as a device thread. A native crash there costs
 * this device alone, and one that hangs can be killed. The process ends with this one, however that ends.
 */
export function startChildDevice(
  start: DeviceStart,
  { env, entry = new URL('../../../workers/device-process.js', import.meta.url) }: ChildOptions,
): WatchedHandle {
  const lines = deviceLines();
  const init: RelayInit = { ...lines.far, start, env, entry: entry.href };
  const relay = new Worker(new URL('../../../workers/device-relay.js', import.meta.url), {
    name: 'radish-device-relay',
    workerData: init,
    transferList: [init.schedulerPort, init.mainPort],
  });
  // It has no native code: it may be ended at any time.
  const life = { task: endOf(relay), release: () => relay.terminate() };
  return {
    ...handleOf(start.device, lines, life),
    heart: init.heart,
    kill: (reason) => {
      relay.postMessage({ kind: 'kill', reason } satisfies Kill);
    },
  };
}

/** Settles as a device thread does. */
function endOf(relay: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    relay.once('message', (end: RelayEnd) => {
      if (end.how === 'retired') resolve();
      else reject(errorOf(end));
    });
    relay.once('error', reject);
    relay.once('exit', (code) => {
      reject(new Error(`the relay of the device's process ended with exit code ${code}`));
    });
  });
}

/** A process that died has no stack to show: one sentence for whoever starts it. */
function errorOf(end: Exclude<RelayEnd, { how: 'retired' }>): Error {
  return end.how === 'failed' ? end.error : new StartupError(end.sentence);
}
