import { EventEmitter } from 'eventemitter3';
import { startDevice, type DeviceHandle, type DeviceStart } from './device/pool.js';
import type { Port } from './actor/port.js';
import type { DeviceId, InjectFault, ToMain, ToScheduler } from './messages.js';

/** A rank whose workers die this often in a row, none living for {@link STABLE_MS}, stays down. */
const RESTARTS_MAX = 5;
const STABLE_MS = 60_000;
const RESTART_DELAY_MS = 100;

export interface FleetOptions {
  readonly numDevices: number;
  /** Everything that all devices share. */
  readonly start: Omit<DeviceStart, 'device'>;
  readonly scheduler: Port<ToScheduler, ToMain>;
}

/** For observers (log, metrics); nothing here waits for them. */
interface FleetEvents {
  died: (device: DeviceId, message: string) => void;
  replaced: (device: DeviceId) => void;
  /** No rank is left that could serve. */
  allDown: (message: string) => void;
}

interface Rank {
  readonly rank: number;
  generation: number;
  handle: DeviceHandle | null;
  /** Deaths without a stable life between them. */
  deaths: number;
}

/** The devices of this host: one live generation per rank, a dead one replaced (architecture.md rule 3). */
export class DeviceFleet {
  readonly events = new EventEmitter<FleetEvents>();
  private readonly ranks: readonly Rank[];
  private retiring = false;

  constructor(private readonly options: FleetOptions) {
    this.ranks = Array.from({ length: options.numDevices }, (_, rank) => ({
      rank,
      generation: 0,
      handle: null,
      deaths: 0,
    }));
  }

  /** Resolves when every rank serves; rejects with the first reason why one cannot. */
  async start(): Promise<void> {
    // One after the other: loading two sessions at once doubles the peak memory.
    for (const rank of this.ranks) await this.launch(rank);
  }

  /** False when the rank does not exist or is down. */
  injectFault(rank: number, how: InjectFault['how']): boolean {
    const handle = this.ranks[rank]?.handle ?? null;
    handle?.injectFault(how);
    return handle !== null;
  }

  get numLive(): number {
    return this.ranks.filter((rank) => rank.handle !== null).length;
  }

  /** Every device ends from inside, after what is queued there. */
  async retire(): Promise<void> {
    this.retiring = true;
    const handles = this.ranks.flatMap((rank) => rank.handle ?? []);
    for (const handle of handles) handle.retire();
    await Promise.allSettled(handles.map((handle) => handle.done));
  }

  private async launch(rank: Rank): Promise<void> {
    const device = { rank: rank.rank, generation: rank.generation };
    const handle = startDevice({ ...this.options.start, device });
    // A worker that dies while it loads has no handle to clean up: the caller hears of it.
    const { limits } = await handle.ready;
    rank.handle = handle;
    this.options.scheduler.post({ kind: 'attachDevice', device, limits, port: handle.port }, [
      handle.port,
    ]);
    void this.watch(rank, handle, Date.now());
  }

  private async watch(rank: Rank, handle: DeviceHandle, bornMs: number): Promise<void> {
    try {
      await handle.done;
    } catch (error) {
      if (this.retiring) return;
      const message = messageOf(error);
      rank.handle = null;
      this.options.scheduler.post({ kind: 'deviceDown', device: handle.device, message });
      this.events.emit('died', handle.device, message);
      if (Date.now() - bornMs > STABLE_MS) rank.deaths = 0;
      await this.replace(rank);
    }
  }

  private async replace(rank: Rank): Promise<void> {
    while (rank.deaths < RESTARTS_MAX && !this.retiring) {
      rank.deaths += 1;
      rank.generation += 1;
      await new Promise((resolve) => setTimeout(resolve, RESTART_DELAY_MS * rank.deaths));
      try {
        await this.launch(rank);
        this.events.emit('replaced', { rank: rank.rank, generation: rank.generation });
        return;
      } catch (error) {
        const device = { rank: rank.rank, generation: rank.generation };
        this.events.emit('died', device, `while loading: ${messageOf(error)}`);
      }
    }
    if (!this.retiring && this.numLive === 0) {
      this.events.emit('allDown', `device ${rank.rank} died ${rank.deaths} times in a row`);
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
