import { EventEmitter } from 'eventemitter3';
import type { DeviceFacts } from '../core/device-facts.js';
import type { LoraId, LoraWeights } from '../core/lora.js';
import type { DeviceHandle } from '../device/handle.js';
import type { DeviceId, InjectFault } from '../messages.js';
import type { PreparedModel } from '../model/graph/contract.js';
import { type LoadedAdapters, Rank, type RankDeps, type SharedStart } from './rank.js';

export interface FleetOptions extends Omit<RankDeps, 'report'> {
  readonly numDevices: number;
  /** What all devices share. */
  readonly start: SharedStart;
}

/** For observers (log, metrics); nothing here waits for them. */
export interface FleetEvents {
  attached: (device: DeviceId, facts: DeviceFacts) => void;
  died: (device: DeviceId, message: string) => void;
  replaced: (device: DeviceId) => void;
  /** The rank stays down after so many deaths in a row. */
  gaveUp: (rank: number, deaths: number) => void;
  /** No rank is left that could serve. */
  allDown: (message: string) => void;
}

/** One device per rank that is loaded and proven, but takes no traffic yet. */
export interface NextDevices {
  readonly model: PreparedModel;
  /** By rank. */
  readonly handles: readonly DeviceHandle[];
  /** What they have. */
  readonly adapters: LoadedAdapters;
}

/** The devices of this host: what happens to all ranks together. What happens to one is {@link Rank}'s. */
export class DeviceFleet {
  readonly events = new EventEmitter<FleetEvents>();
  readonly #scheduler: FleetOptions['scheduler'];
  readonly #ranks: readonly Rank[];

  constructor({ numDevices, start, ...deps }: FleetOptions) {
    this.#scheduler = deps.scheduler;
    const report = {
      attached: (device: DeviceId, facts: DeviceFacts) =>
        this.events.emit('attached', device, facts),
      died: (device: DeviceId, message: string) => this.events.emit('died', device, message),
      replaced: (device: DeviceId) => this.events.emit('replaced', device),
      gaveUp: (rank: number, deaths: number) => {
        this.#countOut(rank, deaths);
      },
    };
    this.#ranks = Array.from(
      { length: numDevices },
      (_, rank) => new Rank(rank, start, { ...deps, report }),
    );
  }

  /** Resolves when every rank serves; rejects with the first reason why one cannot. */
  async start(): Promise<void> {
    // One after the other: loading two sessions at once doubles the peak memory.
    for (const rank of this.#ranks) await rank.bringUp();
  }

  /** By rank: what the newest device there has found out about itself; null before the first. */
  get facts(): readonly (DeviceFacts | null)[] {
    return this.#ranks.map(({ facts }) => facts);
  }

  /** Every device has the adapter from here on, those that come later too. */
  loadAdapter(id: LoraId, weights: LoraWeights): void {
    for (const rank of this.#ranks) rank.loadAdapter(id, weights);
  }

  /** No request has it any more. */
  unloadAdapter(id: LoraId): void {
    for (const rank of this.#ranks) rank.unloadAdapter(id);
  }

  /** False when the rank does not exist or is down. */
  injectFault(rank: number, how: InjectFault['how']): boolean {
    return this.#ranks[rank]?.injectFault(how) ?? false;
  }

  /** Every device ends from inside, after what is queued there. */
  async retire(): Promise<void> {
    await Promise.all(this.#ranks.map((rank) => rank.retire()));
  }

  /**
   * Devices for another model beside the serving ones. Rejects with the first reason why one does not load
   * or fails `prove`; then none of them is left.
   */
  async buildNext(
    model: PreparedModel,
    prove: (handle: DeviceHandle) => Promise<void>,
    adapters: LoadedAdapters = new Map(),
  ): Promise<NextDevices> {
    const handles: DeviceHandle[] = [];
    try {
      for (const rank of this.#ranks) {
        const handle = rank.loadNext(model, adapters);
        handles.push(handle);
        await handle.ready;
        await Promise.race([prove(handle), handle.done.then(endedEarly)]);
      }
    } catch (error) {
      for (const handle of handles) handle.retire();
      await Promise.allSettled(handles.map((handle) => handle.done));
      throw error;
    }
    return { model, handles, adapters };
  }

  /**
   * New requests go to the next devices from here on. Settles when all that began on the old ones has ended and
   * they are gone; never rejects.
   */
  async switchTo({ model, handles, adapters }: NextDevices): Promise<void> {
    const switched = this.#ranks.map(async (rank, index) => {
      const handle = handles[index];
      if (handle !== undefined) await rank.switchTo(handle, model, adapters);
    });
    await Promise.all(switched);
  }

  /** True between {@link sleep} and {@link wake}: no device is there, and none comes by itself. */
  get isAsleep(): boolean {
    return this.#ranks.some((rank) => rank.isAsleep);
  }

  /** Devices end and their memory is free. Nothing may be running; never rejects. */
  async sleep(): Promise<void> {
    const gone = this.#ranks.map((rank) => rank.sleep());
    this.#scheduler.post({ kind: 'retireDevices' });
    await Promise.all(gone);
  }

  /** Brings the devices back with the newest weights. Rejects with the first reason why one cannot. */
  async wake(): Promise<void> {
    try {
      for (const rank of this.#ranks) await rank.wake();
    } catch (error) {
      await this.sleep();
      throw error;
    }
  }

  /** KV of the serving devices is given back; they hold none that anybody needs. */
  async releaseKv(): Promise<void> {
    await Promise.all(this.#ranks.map((rank) => rank.releaseKv()));
  }

  #countOut(rank: number, deaths: number): void {
    this.events.emit('gaveUp', rank, deaths);
    const isAnyUp = this.#ranks.some(({ isServing }) => isServing);
    if (!isAnyUp) this.events.emit('allDown', `device ${rank} stays down`);
  }
}

function endedEarly(): never {
  throw new Error('the device ended before it was proven');
}
