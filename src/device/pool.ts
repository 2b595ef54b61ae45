import './telemetry.js';
import { Piscina } from 'piscina';
import type { DeviceId, DeviceLimits } from '../messages.js';
import type { PreparedModel } from '../model/graph/contract.js';
import type { DeviceInit } from './device-worker.js';
import { createGpuLock } from './gpu-lock.js';
import { deviceLines, handleOf, type WatchedHandle } from './handle.js';
import type { OrtOptions } from './ort.js';

/** JavaScript heap of a device thread: weights, KV and pages live outside it. */
const HEAP_MB = 256;
const STACK_MB = 4;

const GPU_LOCK = createGpuLock();

export interface DeviceStart {
  readonly device: DeviceId;
  readonly model: PreparedModel;
  readonly limits: DeviceLimits;
  readonly ort: OrtOptions;
  /** Card of each rank; the CPU has none. */
  readonly cards: readonly number[];
  /** `--enable-deterministic-inference` */
  readonly isDeterministic: boolean;
}

/**
 * Starts a device thread: a Piscina of one thread whose only task is to serve until retired. A busy device
 * thread is never terminated (that aborts the process): it ends by itself or not at all.
 */
export function startDevice(start: DeviceStart): WatchedHandle {
  const lines = deviceLines();
  const pool = new Piscina({
    filename: new URL('../../workers/device.js', import.meta.url).href,
    minThreads: 0,
    maxThreads: 1,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, stackSizeMb: STACK_MB },
  });
  const init: DeviceInit = { ...start, ...lines.far, gpuLock: GPU_LOCK };
  const task = pool.run(init, { name: 'serve', transferList: [init.schedulerPort, init.mainPort] });
  // When the task is over no native code runs in a thread that is left.
  const handle = handleOf(start.device, lines, { task, release: () => pool.destroy() });
  return { ...handle, heart: init.heart, kill: null };
}
