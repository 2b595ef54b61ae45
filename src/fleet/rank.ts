import type { Transferable } from 'node:worker_threads';
import type { Clock } from '../core/clock.js';
import type { LoraId, LoraWeights } from '../core/lora.js';
import type { DeviceFacts } from '../core/device-facts.js';
import { cacheMixesRuns } from '../device/cpu/cpu-forward.js';
import type { DeviceHandle } from '../device/handle.js';
import type { DeviceStart } from '../device/pool.js';
import type { DeviceId, InjectFault, ToScheduler } from '../messages.js';
import type { PreparedModel } from '../model/graph/contract.js';

/** A rank is given up when this many workers in a row, none living for {@link STABLE_MS}, did not help. */
export const RESTARTS_MAX = 5;
const STABLE_MS = 60_000;
const RESTART_DELAY_MS = 100;

/** Starts the thread of a device, which loads its model from there on. */
export type StartDevice = (start: DeviceStart) => DeviceHandle;

/** Adapters as devices have them. */
export type LoadedAdapters = ReadonlyMap<LoraId, LoraWeights>;

/** What every device of a host starts with. */
export type SharedStart = Omit<DeviceStart, 'device'>;

/** Time as the fleet needs it: read, and waited for. */
export interface FleetClock extends Clock {
  /** Settles after so many milliseconds. */
  wait(ms: number): Promise<void>;
}

/** The way to the scheduler. */
export interface SchedulerPost {
  post(message: ToScheduler, transfer?: readonly Transferable[]): void;
}

/** What a rank tells of its devices; nothing here is waited for. */
export interface RankReport {
  /** It has loaded and passed its probe, and serves from here on. */
  attached(device: DeviceId, facts: DeviceFacts): void;
  died(device: DeviceId, message: string): void;
  replaced(device: DeviceId): void;
  /** The rank stays down after so many deaths in a row. */
  gaveUp(rank: number, deaths: number): void;
}

export interface RankDeps {
  readonly startDevice: StartDevice;
  readonly clock: FleetClock;
  readonly scheduler: SchedulerPost;
  readonly report: RankReport;
}

/** One place for a device: at most one generation serves, and the next one follows when it dies. */
export class Rank {
  readonly #rank: number;
  readonly #deps: RankDeps;
  /** What the next device starts with. */
  #start: SharedStart;
  /** Grows with each set of weights. */
  #weightsEpoch = 0;
  #nextGeneration = 0;
  #serving: DeviceHandle | null = null;
  /** Loading, serving or retiring. */
  readonly #alive = new Set<DeviceHandle>();
  /** Replacements without a stable life between them. */
  #restarts = 0;
  /** The device was told to die: that says nothing about the next one. */
  #isInjected = false;
  #isRetiring = false;
  #facts: DeviceFacts | null = null;
  /** What each device here has. */
  #adapters = new Map<LoraId, LoraWeights>();
  #isAsleep = false;

  constructor(rank: number, start: SharedStart, deps: RankDeps) {
    this.#rank = rank;
    this.#start = start;
    this.#deps = deps;
  }

  /** Of the newest device that served here; null before the first. */
  get facts(): DeviceFacts | null {
    return this.#facts;
  }

  get isServing(): boolean {
    return this.#serving !== null;
  }

  /** True between {@link sleep} and {@link wake}. */
  get isAsleep(): boolean {
    return this.#isAsleep;
  }

  /** Loads a device and lets it serve. Rejects with the reason why it cannot. */
  async bringUp(): Promise<void> {
    await this.#bringUp(this.#nextDevice());
  }

  /** Starts a device for another model, which takes no traffic before {@link switchTo}. */
  loadNext(model: PreparedModel, adapters: LoadedAdapters): DeviceHandle {
    return this.#load(this.#nextDevice(), { ...this.#start, model }, adapters);
  }

  /**
   * New requests go to `next`, a device with `model`, from here on. Settles when all that began on the old
   * device has ended and it is gone; never rejects.
   */
  async switchTo(
    next: DeviceHandle,
    model: PreparedModel,
    adapters: LoadedAdapters,
  ): Promise<void> {
    const old = this.#serving;
    this.#adapters = new Map(adapters);
    this.#start = { ...this.#start, model };
    this.#isAsleep = false;
    this.#weightsEpoch += 1;
    this.#attach(next);
    await settled(old?.done);
  }

  /** No device serves, and none comes by itself; whoever asks has the scheduler retire the one that did. Never rejects. */
  async sleep(): Promise<void> {
    this.#isAsleep = true;
    const old = this.#serving;
    this.#serving = null;
    await settled(old?.done);
  }

  /** A device serves again. Rejects with the reason why none can. */
  async wake(): Promise<void> {
    this.#isAsleep = false;
    if (this.#serving === null) await this.bringUp();
  }

  loadAdapter(id: LoraId, weights: LoraWeights): void {
    this.#adapters.set(id, weights);
    for (const handle of this.#alive) handle.loadAdapter(id, weights);
  }

  unloadAdapter(id: LoraId): void {
    this.#adapters.delete(id);
    for (const handle of this.#alive) handle.unloadAdapter(id);
  }

  /** The serving device gives its KV back; never rejects. */
  async releaseKv(): Promise<void> {
    await settled(this.#serving?.releaseKv());
  }

  /** False when no device serves. */
  injectFault(how: InjectFault['how']): boolean {
    if (this.#serving === null) return false;
    this.#isInjected = true;
    this.#serving.injectFault(how);
    return true;
  }

  /** Every device ends from inside, after what is queued there, and none follows; never rejects. */
  async retire(): Promise<void> {
    this.#isRetiring = true;
    const handles = [...this.#alive];
    for (const handle of handles) handle.retire();
    await Promise.allSettled(handles.map((handle) => handle.done));
  }

  /** @returns false when the device was not needed any more by the time it was ready. */
  async #bringUp(device: DeviceId): Promise<boolean> {
    const epoch = this.#weightsEpoch;
    const handle = this.#load(device, this.#start);
    // A worker that dies while it loads has no handle to clean up: the caller hears of it.
    await handle.ready;
    // Meanwhile another device may have come, or other weights, or sleep, or the end.
    const isNeeded = this.#isVacant() && epoch === this.#weightsEpoch;
    if (isNeeded) this.#attach(handle);
    else handle.retire();
    return isNeeded;
  }

  #load(
    device: DeviceId,
    start: SharedStart,
    adapters: LoadedAdapters = this.#adapters,
  ): DeviceHandle {
    const handle = this.#deps.startDevice({ ...start, device });
    this.#alive.add(handle);
    for (const [id, weights] of adapters) handle.loadAdapter(id, weights);
    const forget = (): void => {
      this.#alive.delete(handle);
    };
    handle.done.then(forget, forget);
    return handle;
  }

  #nextDevice(): DeviceId {
    return { rank: this.#rank, generation: this.#nextGeneration++ };
  }

  #attach(handle: DeviceHandle): void {
    this.#serving = handle;
    const { device, port, ready } = handle;
    void ready.then(({ facts }) => {
      this.#facts = facts;
      this.#deps.report.attached(device, facts);
    });
    const { limits, model } = this.#start;
    const weightsEpoch = this.#weightsEpoch;
    const joinsSteps = cacheMixesRuns(model.spec);
    this.#deps.scheduler.post(
      { kind: 'attachDevice', device, weightsEpoch, limits, joinsSteps, port },
      [port],
    );
    void this.#watch(handle, this.#deps.clock.nowMs());
  }

  async #watch(handle: DeviceHandle, bornMs: number): Promise<void> {
    try {
      await handle.done;
    } catch (error) {
      if (!this.#isRetiring) await this.#bury(handle, bornMs, messageOf(error));
    }
  }

  async #bury(handle: DeviceHandle, bornMs: number, message: string): Promise<void> {
    const { clock, report, scheduler } = this.#deps;
    const { device } = handle;
    const wasServing = this.#serving === handle;
    if (wasServing) this.#serving = null;
    scheduler.post({ kind: 'deviceDown', device, message });
    report.died(device, message);
    if (this.#isInjected || clock.nowMs() - bornMs > STABLE_MS) this.#restarts = 0;
    this.#isInjected = false;
    if (wasServing) await this.#replace();
  }

  /** A device should serve here, and none does. */
  #isVacant(): boolean {
    return this.#serving === null && !this.#isRetiring && !this.#isAsleep;
  }

  async #replace(): Promise<void> {
    const { clock, report } = this.#deps;
    while (this.#isVacant()) {
      if (this.#restarts >= RESTARTS_MAX) {
        this.#giveUp();
        return;
      }
      this.#restarts += 1;
      await clock.wait(RESTART_DELAY_MS * this.#restarts);
      if (!this.#isVacant()) return;
      const device = this.#nextDevice();
      try {
        if (await this.#bringUp(device)) report.replaced(device);
        return;
      } catch (error) {
        report.died(device, `while loading: ${messageOf(error)}`);
      }
    }
  }

  #giveUp(): void {
    this.#deps.scheduler.post({ kind: 'rankDown', rank: this.#rank });
    this.#deps.report.gaveUp(this.#rank, this.#restarts + 1);
  }
}

/** Settles with the promise, however that ends. */
async function settled(promise: Promise<unknown> | undefined): Promise<void> {
  await Promise.allSettled([promise]);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
