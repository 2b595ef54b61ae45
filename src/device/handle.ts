import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { createHeart, type Heart } from '../actor/heart.js';
import { Port } from '../actor/port.js';
import type { LoraId, LoraWeights } from '../core/lora.js';
import type {
  DeviceId,
  DeviceReady,
  DeviceToMain,
  InjectFault,
  MainToDevice,
} from '../messages.js';

/** One generation of one device, as main sees it. */
export interface DeviceHandle {
  readonly device: DeviceId;
  /** Rejects when the model cannot be loaded or the runtime fails the probe. */
  readonly ready: Promise<DeviceReady>;
  /** Resolves after {@link retire}; rejects when the device dies or a step fails. */
  readonly done: Promise<void>;
  /** For the scheduler: pass it on with `attachDevice`. */
  readonly port: MessagePort;
  /** The device finishes what is queued, releases the session and ends itself. */
  readonly retire: () => void;
  /** Settles when the memory of slots and pages is given back, or when the device ends. */
  readonly releaseKv: () => Promise<void>;
  readonly injectFault: (how: InjectFault['how']) => void;
  /** Copied: steps that are posted later may have it. */
  readonly loadAdapter: (adapter: LoraId, weights: LoraWeights) => void;
  readonly unloadAdapter: (adapter: LoraId) => void;
  /** Where it finds masks from now on; `port` is transferred. */
  readonly connectGrammars: (port: MessagePort, board: SharedArrayBuffer) => void;
}

/** A device that somebody must look after: one that hangs says nothing. */
export interface WatchedHandle extends DeviceHandle {
  readonly heart: Heart;
  /** Ends it whatever it does, and `done` rejects with the reason; null = a thread, which nobody may end. */
  readonly kill: ((reason: string) => void) | null;
}

/** What connects a device to main and to the scheduler: each half holds one end of the channels. */
export interface DeviceLines {
  readonly control: Port<MainToDevice, DeviceToMain>;
  /** Main's end until the scheduler gets it. */
  readonly port: MessagePort;
  readonly far: FarEnds;
}

/** What whoever runs the device, or relays to it, is given; the ports are transferred. */
export interface FarEnds {
  readonly schedulerPort: MessagePort;
  readonly mainPort: MessagePort;
  /** Shared. */
  readonly heart: Heart;
}

export function deviceLines(): DeviceLines {
  const toScheduler = new MessageChannel();
  const toMain = new MessageChannel();
  return {
    control: new Port<MainToDevice, DeviceToMain>(toMain.port1),
    port: toScheduler.port1,
    far: { schedulerPort: toScheduler.port2, mainPort: toMain.port2, heart: createHeart() },
  };
}

/** What a device does from its start to its end, seen from outside. */
export interface DeviceLife {
  /** Settles when it has ended; rejects with the reason where it did not retire. */
  readonly task: Promise<unknown>;
  /** Lets go of what it ran in; called once, when `task` has settled. */
  readonly release: () => Promise<unknown>;
}

/** The handle of a device that was given `far` of the lines. */
export function handleOf(
  device: DeviceId,
  { control, port }: Pick<DeviceLines, 'control' | 'port'>,
  life: DeviceLife,
): DeviceHandle {
  const seen: Seen = { retired: false, kvWaiters: [] };
  const done = endOf(life, control, seen);
  return {
    device,
    ready: readyOf(control, done, seen),
    done,
    port,
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
    loadAdapter: (adapter, weights) => {
      control.post({ kind: 'loadAdapter', adapter, weights });
    },
    unloadAdapter: (adapter) => {
      control.post({ kind: 'unloadAdapter', adapter });
    },
    connectGrammars: (port, board) => {
      control.post({ kind: 'connectGrammars', port, board }, [port]);
    },
  };
}

type ControlPort = DeviceLines['control'];

/** What the device has said, and who waits for it to say something. */
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

/** A thread that retires ends itself, which is the failure of its task. */
async function endOf(life: DeviceLife, control: ControlPort, seen: Seen): Promise<void> {
  try {
    await life.task;
  } catch (error) {
    if (control.takeNow()?.kind === 'retired') seen.retired = true;
    if (!seen.retired) throw error;
  } finally {
    control.close();
    await life.release();
  }
}
