import { EventEmitter } from 'eventemitter3';
import { startDevice, type DeviceHandle, type DeviceStart } from '../device/pool.js';
import type { PreparedModel } from '../model/graph/contract.js';
import type { Port } from '../actor/port.js';
import type { DeviceId, InjectFault, ToMain, ToScheduler } from '../messages.js';

/** A rank is given up when this many workers in a row, none living for {@link STABLE_MS}, did not help. */
const RESTARTS_MAX = 5;
const STABLE_MS = 60_000;
const RESTART_DELAY_MS = 100;

type SharedStart = Omit<DeviceStart, 'device'>;

export interface FleetOptions {
  readonly numDevices: number;
  /** Everything that all devices share. */
  readonly start: SharedStart;
  readonly scheduler: Port<ToScheduler, ToMain>;
}

/** For observers (log, metrics); nothing here waits for them. */
interface FleetEvents {
  died: (device: DeviceId, message: string) => void;
  replaced: (device: DeviceId) => void;
  /** The rank stays down after so many deaths in a row. */
  gaveUp: (rank: number, deaths: number) => void;
  /** No rank is left that could serve. */
  allDown: (message: string) => void;
}

interface Rank {
  readonly rank: number;
  nextGeneration: number;
  handle: DeviceHandle | null;
  /** Replacements without a stable life between them. */
  restarts: number;
  /** It was told to die: that says nothing about the next one. */
  isInjected: boolean;
}

/** One device per rank that is loaded and proven, but takes no traffic yet. */
export interface NextDevices {
  readonly start: SharedStart;
  readonly handles: readonly DeviceHandle[];
}

/** The devices of this host: one live generation per rank, a dead one replaced. */
export class DeviceFleet {
  readonly events = new EventEmitter<FleetEvents>();
  private readonly ranks: readonly Rank[];
  private retiring = false;
  private asleep = false;
  /** Serving, retiring or loading. */
  private readonly alive = new Set<DeviceHandle>();
  /** What a replacement starts with. */
  private shared: SharedStart;
  private weightsEpoch = 0;

  constructor(private readonly options: FleetOptions) {
    this.shared = options.start;
    this.ranks = Array.from({ length: options.numDevices }, (_, rank) => ({
      rank,
      nextGeneration: 0,
      handle: null,
      restarts: 0,
      isInjected: false,
    }));
  }

  /** Resolves when every rank serves; rejects with the first reason why one cannot. */
  async start(): Promise<void> {
    // One after the other: loading two sessions at once doubles the peak memory.
    for (const rank of this.ranks) await this.launch(rank);
  }

  /** False when the rank does not exist or is down. */
  injectFault(rank: number, how: InjectFault['how']): boolean {
    const target = this.ranks[rank];
    if (target === undefined || target.handle === null) return false;
    target.isInjected = true;
    target.handle.injectFault(how);
    return true;
  }

  /** Nobody takes the place of a device that ends. */
  private get isResting(): boolean {
    return this.retiring || this.asleep;
  }

  get numLive(): number {
    return this.ranks.filter((rank) => rank.handle !== null).length;
  }

  /** Every device ends from inside, after what is queued there. */
  async retire(): Promise<void> {
    this.retiring = true;
    const handles = [...this.alive];
    for (const handle of handles) handle.retire();
    await Promise.allSettled(handles.map((handle) => handle.done));
  }

  /**
   * Devices for another model beside the serving ones. Rejects with the first reason why one does not load
   * or fails `prove`; then none of them is left.
   */
  async buildNext(
    model: PreparedModel,
    prove: (handle: DeviceHandle) => Promise<void>,
  ): Promise<NextDevices> {
    const start = { ...this.shared, model };
    const handles: DeviceHandle[] = [];
    try {
      for (const rank of this.ranks) {
        const handle = this.startThread(rank, start);
        handles.push(handle);
        await handle.ready;
        await Promise.race([prove(handle), handle.done.then(endedEarly)]);
      }
    } catch (error) {
      for (const handle of handles) handle.retire();
      await Promise.allSettled(handles.map((handle) => handle.done));
      throw error;
    }
    return { start, handles };
  }

  /**
   * New requests go to `next` from here on. Settles when all that began on the old devices has ended and
   * they are gone; never rejects.
   */
  async switchTo(next: NextDevices): Promise<void> {
    const old = this.ranks.flatMap((rank) => rank.handle ?? []);
    this.shared = next.start;
    this.weightsEpoch += 1;
    for (const rank of this.ranks) {
      const handle = next.handles[rank.rank];
      if (handle !== undefined) this.attach(rank, handle);
    }
    await Promise.allSettled(old.map((handle) => handle.done));
  }

  /** True between {@link sleep} and {@link wake}: no device is there, and none comes by itself. */
  get isAsleep(): boolean {
    return this.asleep;
  }

  /** Devices end and their memory is free. Nothing may be running; never rejects. */
  async sleep(): Promise<void> {
    this.asleep = true;
    const handles = this.ranks.flatMap((rank) => rank.handle ?? []);
    for (const rank of this.ranks) rank.handle = null;
    this.options.scheduler.post({ kind: 'retireDevices' });
    await Promise.allSettled(handles.map((handle) => handle.done));
  }

  /** Brings the devices back with the newest weights. Rejects with the first reason why one cannot. */
  async wake(): Promise<void> {
    this.asleep = false;
    try {
      for (const rank of this.ranks) if (rank.handle === null) await this.launch(rank);
    } catch (error) {
      await this.sleep();
      throw error;
    }
  }

  /** KV of the serving devices is given back; they hold none that anybody needs. */
  async releaseKv(): Promise<void> {
    const handles = this.ranks.flatMap((rank) => rank.handle ?? []);
    await Promise.allSettled(handles.map((handle) => handle.releaseKv()));
  }

  private async launch(rank: Rank): Promise<void> {
    const epoch = this.weightsEpoch;
    const handle = this.startThread(rank, this.shared);
    // A worker that dies while it loads has no handle to clean up: the caller hears of it.
    await handle.ready;
    // The weights were replaced meanwhile, and with them this rank's device.
    if (epoch === this.weightsEpoch && !this.asleep) this.attach(rank, handle);
    else handle.retire();
  }

  private startThread(rank: Rank, start: SharedStart): DeviceHandle {
    const device = { rank: rank.rank, generation: rank.nextGeneration++ };
    const handle = startDevice({ ...start, device });
    this.alive.add(handle);
    const forget = (): void => {
      this.alive.delete(handle);
    };
    handle.done.then(forget, forget);
    return handle;
  }

  private attach(rank: Rank, handle: DeviceHandle): void {
    rank.handle = handle;
    const { device, port } = handle;
    const { limits } = this.shared;
    const { weightsEpoch } = this;
    this.options.scheduler.post({ kind: 'attachDevice', device, weightsEpoch, limits, port }, [
      port,
    ]);
    void this.watch(rank, handle, Date.now());
  }

  private async watch(rank: Rank, handle: DeviceHandle, bornMs: number): Promise<void> {
    try {
      await handle.done;
    } catch (error) {
      if (this.retiring) return;
      const message = messageOf(error);
      const isCurrent = rank.handle === handle;
      if (isCurrent) rank.handle = null;
      this.options.scheduler.post({ kind: 'deviceDown', device: handle.device, message });
      this.events.emit('died', handle.device, message);
      if (rank.isInjected || Date.now() - bornMs > STABLE_MS) rank.restarts = 0;
      rank.isInjected = false;
      if (isCurrent) await this.replace(rank);
    }
  }

  private async replace(rank: Rank): Promise<void> {
    while (rank.restarts < RESTARTS_MAX && !this.isResting && rank.handle === null) {
      rank.restarts += 1;
      await new Promise((resolve) => setTimeout(resolve, RESTART_DELAY_MS * rank.restarts));
      try {
        await this.launch(rank);
        this.events.emit('replaced', { rank: rank.rank, generation: rank.nextGeneration - 1 });
        return;
      } catch (error) {
        const device = { rank: rank.rank, generation: rank.nextGeneration - 1 };
        this.events.emit('died', device, `while loading: ${messageOf(error)}`);
      }
    }
    if (this.isResting || rank.handle !== null) return;
    this.options.scheduler.post({ kind: 'rankDown', rank: rank.rank });
    this.events.emit('gaveUp', rank.rank, rank.restarts + 1);
    if (this.numLive === 0) this.events.emit('allDown', `device ${rank.rank} stays down`);
  }
}

function endedEarly(): never {
  throw new Error('the device ended before it was proven');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
