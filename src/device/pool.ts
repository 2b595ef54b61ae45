import './telemetry.js';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { createHeart, type Heart } from '../actor/heart.js';
import { Port } from '../actor/port.js';
import type {
  DeviceId,
  DeviceLimits,
  DeviceReady,
  DeviceToMain,
  InjectFault,
  MainToDevice,
} from '../messages.js';
import type { PreparedModel } from '../model/graph/contract.js';
import type { DeviceInit } from './device-worker.js';
import { createGpuLock } from './gpu-lock.js';
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
}

/** One generation of one device, as main sees it. */
export interface DeviceHandle {
  readonly device: DeviceId;
  /** Rejects when the model cannot be loaded or the runtime fails the probe. */
  readonly ready: Promise<DeviceReady>;
  /** Resolves after {@link retire}; rejects when the thread dies or a step fails. */
  readonly done: Promise<void>;
  /** For the scheduler: pass it on with `attachDevice`. */
  readonly port: MessagePort;
  /** The thread finishes what is queued, releases the session and ends itself. */
  readonly retire: () => void;
  /** Settles when the memory of slots and pages is given back, or when the thread ends. */
  readonly releaseKv: () => Promise<void>;
  readonly injectFault: (how: InjectFault['how']) => void;
  /** Where it finds masks from now on; `port` is transferred. */
  readonly connectGrammars: (port: MessagePort, board: SharedArrayBuffer) => void;
}

/**
 * Starts a device thread: a Piscina of one thread whose only task is to serve until retired. A busy device
 * thread is never terminated (that aborts the process): it ends by itself or not at all.
 */
export function startDevice(start: DeviceStart): DeviceHandle & { readonly heart: Heart } {
  const toScheduler = new MessageChannel();
  const toMain = new MessageChannel();
  const control = new Port<MainToDevice, DeviceToMain>(toMain.port1);
  const pool = new Piscina({
    filename: new URL('../../workers/device.js', import.meta.url).href,
    minThreads: 0,
    maxThreads: 1,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, stackSizeMb: STACK_MB },
  });
  const init: DeviceInit = {
    ...start,
    gpuLock: GPU_LOCK,
    schedulerPort: toScheduler.port2,
    mainPort: toMain.port2,
    heart: createHeart(),
  };
  const seen: Seen = { retired: false, kvWaiters: [] };
  const task = pool.run(init, { name: 'serve', transferList: [init.schedulerPort, init.mainPort] });
  const done = endOf(task, { pool, control, seen });
  return {
    device: start.device,
    heart: init.heart,
    ready: readyOf(control, done, seen),
    done,
    port: toScheduler.port1,
    retire: () => {
      control.post({ kind: 'retire' });
    },
    releaseKv: () => {
      const released = new Promise<void>((resolve) => seen.kvWaiters.push(resolve));
      control.post({ kind: 'releaseKv' });
      return Promise.race([released, done]);
    },
    injectFault: (how) => {
      control.post({ kind: 'fault', how });
    },
    connectGrammars: (port, board) => {
      control.post({ kind: 'connectGrammars', port, board }, [port]);
    },
  };
}

type ControlPort = Port<MainToDevice, DeviceToMain>;

/** What the thread has said, and who waits for it to say something. */
interface Seen {
  retired: boolean;
  kvWaiters: (() => void)[];
}

function readyOf(control: ControlPort, done: Promise<void>, seen: Seen): Promise<DeviceReady> {
  const ready = new Promise<DeviceReady>((resolve, reject) => {
    control.onMessage((message) => {
      switch (message.kind) {
        case 'ready':
          resolve(message);
          break;
        case 'retired':
          seen.retired = true;
          break;
        case 'kvReleased':
          for (const wake of seen.kvWaiters.splice(0)) wake();
      }
    });
    done.then(() => {
      reject(new Error('the device retired before it was ready'));
    }, reject);
  });
  // Both are offered: whoever watches one of them need not watch the other.
  ready.catch(() => undefined);
  done.catch(() => undefined);
  return ready;
}

/** A thread that retires ends itself, which Piscina reports as the failure of its task. */
async function endOf(
  task: Promise<unknown>,
  { pool, control, seen }: { pool: Piscina; control: ControlPort; seen: Seen },
): Promise<void> {
  try {
    await task;
  } catch (error) {
    if (control.takeNow()?.kind === 'retired') seen.retired = true;
    if (!seen.retired) throw error;
  } finally {
    control.close();
    // The task is over, so no native code runs in a thread that is left.
    await pool.destroy();
  }
}
