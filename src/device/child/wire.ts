/**
 * What crosses between a device's process and its relay, both ways in the order in which it was sent. Every message
 * is a structured clone, as between threads: nothing of it shares memory with anything else.
 */
import { Deserializer, Serializer } from 'node:v8';
import type {
  ConnectGrammars,
  DeviceReady,
  FromDevice,
  KvReleased,
  MainToDevice,
  ToDevice,
  ToMatchers,
} from '../../messages.js';
import type { DeviceStart } from '../pool.js';

export type ToDeviceProcess =
  StartHere | PassToDevice | OpenBoard | MaskMade | Exclude<MainToDevice, ConnectGrammars>;

/** The first message, once. */
export interface StartHere {
  readonly kind: 'start';
  readonly start: DeviceStart;
}

/** From the scheduler. */
export interface PassToDevice {
  readonly kind: 'toDevice';
  readonly message: ToDevice;
}

/** A grammar thread has started, the first or another one: the board of the one before is forgotten. */
export interface OpenBoard {
  readonly kind: 'openBoard';
  /** Names the grammar thread in {@link MaskMade} and {@link TellMatchers}. */
  readonly board: number;
}

/** A slot of the grammar thread's board has changed. */
export interface MaskMade {
  readonly kind: 'mask';
  readonly board: number;
  readonly slot: number;
  readonly ticket: number;
  /** `[numWords]`; null = there is none, and none will come for this ticket. */
  readonly words: Int32Array | null;
}

export type FromDeviceProcess =
  DeviceReady | Beat | PassToScheduler | KvReleased | TellMatchers | Ended;

/** The device's thread has come round since the last one. */
export interface Beat {
  readonly kind: 'beat';
}

/** For the scheduler. */
export interface PassToScheduler {
  readonly kind: 'fromDevice';
  readonly message: FromDevice;
}

/** For the grammar thread of `board`. */
export interface TellMatchers {
  readonly kind: 'toMatchers';
  readonly board: number;
  readonly message: ToMatchers;
}

/** The last message: the device's thread is gone, and the process exits. */
export interface Ended {
  readonly kind: 'ended';
  /** Why it failed; null = it has retired. */
  readonly error: Error | null;
}

/**
 * Node's own messages between processes give typed arrays that share one buffer, now and then one that cannot be
 * transferred. These bytes do not.
 */
export function pack(message: ToDeviceProcess | FromDeviceProcess): Buffer {
  const serializer = new Serializer();
  serializer.writeHeader();
  serializer.writeValue(message);
  return serializer.releaseBuffer();
}

/** The message of {@link pack}; the caller knows which union it is of. */
export function unpack(bytes: Uint8Array): unknown {
  const deserializer = new Deserializer(bytes);
  deserializer.readHeader();
  return deserializer.readValue();
}
