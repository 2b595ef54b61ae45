import { BEAT_MS, beatsOf } from '../../actor/heart.js';
import { Port } from '../../actor/port.js';
import type { FromDevice, ToDevice } from '../../messages.js';
import type { WatchedHandle } from '../handle.js';
import type { DeviceStart } from '../pool.js';
import { LocalMasks } from './local-masks.js';
import { pack, unpack, type FromDeviceProcess, type ToDeviceProcess } from './wire.js';

/** Sent to all processes of a terminal or a service: the server decides when its devices end. */
const SIGNALS_OF_THE_SERVER = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;

/**
 * The main thread of a device's process. It only relays: the device is a thread of its own, so that messages and masks
 * arrive, and the end of the server is seen, whatever native code does. No such process outlives its server.
 */
export function serveParent(startDevice: (start: DeviceStart) => WatchedHandle): void {
  if (process.send === undefined) throw new Error("only a server starts a device's process");
  for (const signal of SIGNALS_OF_THE_SERVER) process.on(signal, () => undefined);
  process.on('disconnect', endNow);
  // The server may be gone already.
  if (!process.connected) endNow();
  let device: RelayedDevice | null = null;
  process.on('message', (bytes: Uint8Array) => {
    const message = unpack(bytes) as ToDeviceProcess;
    if (message.kind === 'start') device = relayed(startDevice(message.start), message.start);
    else device?.receive(message);
  });
}

/** `process.exit` waits for native code, which may never come back; this does not. */
function endNow(): void {
  process.kill(process.pid, 'SIGKILL');
}

/** What was sent cannot be lost while the server is there; when it is not, nothing matters. */
function send(message: FromDeviceProcess, whenSent: () => void = () => undefined): void {
  process.send?.(pack(message), whenSent);
}

interface RelayedDevice {
  receive(message: Exclude<ToDeviceProcess, { kind: 'start' }>): void;
}

function relayed(device: WatchedHandle, { limits, model }: DeviceStart): RelayedDevice {
  const scheduler = new Port<ToDevice, FromDevice>(device.port);
  const shape = { numSlots: limits.numSlots, vocabSize: model.spec.vocabSize };
  const masks = new LocalMasks(shape, device, send);
  scheduler.onMessage((message) => {
    send({ kind: 'fromDevice', message });
  });
  device.ready.then(send, () => undefined);
  device.done.then(
    () => {
      end(null);
    },
    (error: unknown) => {
      end(error instanceof Error ? error : new Error(String(error)));
    },
  );
  tellBeats(device);
  return {
    receive: (message) => {
      switch (message.kind) {
        case 'toDevice':
          scheduler.post(message.message);
          break;
        case 'retire':
          device.retire();
          break;
        case 'fault':
          device.injectFault(message.how);
          break;
        case 'releaseKv':
          void releaseKv(device);
          break;
        case 'loadAdapter':
          device.loadAdapter(message.adapter, message.weights);
          break;
        case 'unloadAdapter':
          device.unloadAdapter(message.adapter);
          break;
        case 'openBoard':
          masks.open(message);
          break;
        case 'mask':
          masks.take(message);
      }
    },
  };
}

/** The device's thread has ended, so that nothing of it runs native code. */
function end(error: Error | null): void {
  send({ kind: 'ended', error }, () => {
    process.exit(error === null ? 0 : 1);
  });
}

async function releaseKv(device: WatchedHandle): Promise<void> {
  try {
    await device.releaseKv();
    send({ kind: 'kvReleased' });
  } catch {
    // It has died, which is told otherwise.
  }
}

/** A thread that hangs has no beats to tell. */
function tellBeats({ heart }: WatchedHandle): void {
  let told = 0;
  setInterval(() => {
    const beats = beatsOf(heart);
    if (beats === told) return;
    told = beats;
    send({ kind: 'beat' });
  }, BEAT_MS);
}
