import './telemetry.js';
import { Piscina } from 'piscina';
import type { DeviceId, DeviceLimits } from '../messages.js';
import type { PreparedModel } from '../model/graph/contract.js';
import type { DeviceInit } from './device-worker.js';
import { createGpuLock, GpuLock, type GpuLockShare } from './gpu-lock.js';
import { deviceLines, handleOf, type WatchedHandle } from './handle.js';
import type { OrtOptions } from './ort.js';

/** JavaScript heap of a device thread: weights, KV and pages live outside it. */
const HEAP_MB = 256;
const STACK_MB = 4;

const GPU_LOCK = createGpuLock();
let numShares = 0;

/** One for each thread. */
function nextShare(): GpuLockShare {
  return { word: GPU_LOCK, holder: ++numShares };
}

export interface DeviceStart {
  readonly device: DeviceId;
  readonly model: PreparedModel;
  /** Drafts for the model, whatever weights it gets; null = none. */
  readonly draft: PreparedModel | null;
  readonly limits: DeviceLimits;
  readonly ort: OrtOptions;
  /** Card of each rank; the CPU has none. */
  readonly cards: readonly number[];
  /** `--enable-deterministic-inference` */
  readonly isDeterministic: boolean;
}

/** Loads its code while a model is prepared; the next device takes it. */
let spare: Piscina | null = null;

/** Starts a thread for the next device, so that it need not wait for one. */
export function prepareThread(): void {
  if (spare !== null) return;
  spare = newThread();
  // What fails here fails again for the device that takes it, and is told then.
  spare.run(null, { name: 'warm' }).catch(() => undefined);
}

/** Ends the thread that no device took. */
export async function dropSpareThread(): Promise<void> {
  const unused = spare;
  spare = null;
  await unused?.close();
}

/** One that waits for its task is kept. */
function newThread(): Piscina {
  return new Piscina({
    filename: new URL('../../workers/device.js', import.meta.url).href,
    minThreads: 0,
    maxThreads: 1,
    idleTimeout: Infinity,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, stackSizeMb: STACK_MB },
  });
}

/**
 * Starts a device thread: a Piscina of one thread whose only task is to serve until retired. A busy device
 * thread is never terminated (that aborts the process): it ends by itself or not at all.
 */
export function startDevice(start: DeviceStart, gpuLock = nextShare()): WatchedHandle {
  const lines = deviceLines();
  const pool = spare ?? newThread();
  spare = null;
  const init: DeviceInit = { ...start, ...lines.far, gpuLock };
  const task = pool.run(init, { name: 'serve', transferList: [init.schedulerPort, init.mainPort] });
  const release = async (): Promise<void> => {
    // When the task is over no native code runs in a thread that is left.
    await pool.destroy();
    // One that died may have been at work on the GPU; what it leaves is gone with the thread, and not before.
    new GpuLock(gpuLock.word, gpuLock.holder).letGo();
  };
  const handle = handleOf(start.device, lines, { task, release });
  return { ...handle, heart: init.heart, kill: null };
}
