import { FULLY_DETERMINISTIC } from '../../src/core/device-facts.js';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { DeviceHandle } from '../../src/device/handle.js';
import type { DeviceStart } from '../../src/device/pool.js';
import type { StartDevice } from '../../src/fleet/rank.js';
import type { DeviceId, DeviceReady, InjectFault } from '../../src/messages.js';

const FACTS = { kind: 'cpu', determinism: FULLY_DETERMINISTIC } as const;

/** What main holds of a device thread, without the thread: the test says what happens in it. */
export class ScriptedDevice implements DeviceHandle {
  readonly device: DeviceId;
  readonly ready: Promise<DeviceReady>;
  readonly done: Promise<void>;
  readonly port: MessagePort;
  /** What it was asked for, in order. */
  readonly asked: string[] = [];
  /** Ends as soon as it is told to retire; false = when the test says so. */
  endsWhenAsked = true;
  /** The test's answer to a request for the KV. */
  onReleaseKv: () => Promise<void> = () => Promise.resolve();
  readonly #start: DeviceStart;
  #resolveReady: (ready: DeviceReady) => void = () => undefined;
  #rejectReady: (error: Error) => void = () => undefined;
  #resolveDone: () => void = () => undefined;
  #rejectDone: (error: Error) => void = () => undefined;

  constructor(start: DeviceStart) {
    this.#start = start;
    this.device = start.device;
    this.port = new MessageChannel().port1;
    this.ready = new Promise((resolve, reject) => {
      this.#resolveReady = resolve;
      this.#rejectReady = reject;
    });
    this.done = new Promise((resolve, reject) => {
      this.#resolveDone = resolve;
      this.#rejectDone = reject;
    });
    this.ready.catch(() => undefined);
    this.done.catch(() => undefined);
  }

  connectGrammars(): void {
    this.asked.push('connectGrammars');
  }

  loadAdapter(adapter: number): void {
    this.asked.push(`loadAdapter ${adapter}`);
  }

  unloadAdapter(adapter: number): void {
    this.asked.push(`unloadAdapter ${adapter}`);
  }

  /** `rank:generation` */
  get name(): string {
    return `${this.device.rank}:${this.device.generation}`;
  }

  /** Folder of the weights that it loads. */
  get weightsFolder(): string {
    return this.#start.model.weightsFolder;
  }

  get start(): Omit<DeviceStart, 'device' | 'model'> {
    const { limits, ort, cards, isDeterministic, draft } = this.#start;
    return { limits, ort, cards, isDeterministic, draft };
  }

  becomeReady(): void {
    const { limits } = this.#start;
    this.#resolveReady({ kind: 'ready', device: this.device, limits, facts: FACTS });
  }

  die(message: string): void {
    this.#rejectReady(new Error(message));
    this.#rejectDone(new Error(message));
  }

  /** Ends by itself, as asked. */
  end(): void {
    this.#rejectReady(new Error('the device retired before it was ready'));
    this.#resolveDone();
  }

  readonly retire = (): void => {
    this.asked.push('retire');
    if (this.endsWhenAsked) this.end();
  };

  readonly releaseKv = (): Promise<void> => {
    this.asked.push('releaseKv');
    return this.onReleaseKv();
  };

  readonly injectFault = (how: InjectFault['how']): void => {
    this.asked.push(how);
  };
}

/** Every device that was started, in order. */
export class DeviceYard {
  readonly devices: ScriptedDevice[] = [];
  /** What a device does as soon as it is there; nothing, unless the test says otherwise. */
  onStart: (device: ScriptedDevice) => void = () => undefined;

  readonly startDevice: StartDevice = (start) => {
    const device = new ScriptedDevice(start);
    this.devices.push(device);
    this.onStart(device);
    return device;
  };

  /** The device that was started last. */
  get newest(): ScriptedDevice {
    const device = this.devices.at(-1);
    if (device === undefined) throw new Error('no device was started');
    return device;
  }

  /** `rank:generation` */
  named(name: string): ScriptedDevice {
    const device = this.devices.find((one) => one.name === name);
    if (device === undefined) throw new Error(`device ${name} was not started`);
    return device;
  }

  get names(): readonly string[] {
    return this.devices.map(({ name }) => name);
  }
}
