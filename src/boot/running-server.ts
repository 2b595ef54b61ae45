import type { App } from '../api/app.js';
import type { CpuPool } from '../cpu/pool.js';
import type { DeviceFleet } from '../fleet/device-fleet.js';
import type { Logger } from '../observability/logger.js';
import type { GrammarThread } from './grammar-thread.js';
import type { ActorThreads } from './actor-threads.js';
import type { Watchdog } from './watchdog.js';

/** How long requests may still run after SIGTERM. */
export const DRAIN_DEADLINE_MS = 30_000;
const READY_LINE = 'The server is fired up and ready to roll!';

export interface ServerParts {
  readonly app: Pick<App, 'beginDrain' | 'close'>;
  readonly fleet: Pick<DeviceFleet, 'retire'>;
  /** Null = no structured output. */
  readonly grammars: Pick<GrammarThread, 'stop'> | null;
  readonly actors: Pick<ActorThreads, 'stop'>;
  readonly cpuPool: Pick<CpuPool, 'close'>;
  /** One request through all of it, which rejects when that fails; null = none is wanted. */
  readonly firstRequest: (() => Promise<void>) | null;
  readonly broken: Promise<string>;
  readonly watchdog: Pick<Watchdog, 'hasNativeHang'>;
  readonly log: Pick<Logger, 'info'>;
}

/** A server that listens: what is left to do is to warm up, and to end. */
export class RunningServer {
  /** Resolves with the reason when the server cannot go on. */
  readonly broken: Promise<string>;
  readonly #parts: ServerParts;
  #isDraining = false;

  constructor(parts: ServerParts) {
    this.#parts = parts;
    this.broken = parts.broken;
  }

  /** True: only a signal ends this process. */
  get hasNativeHang(): boolean {
    return this.#parts.watchdog.hasNativeHang;
  }

  /** The first request, then the line that says that all is well. @throws StartupError */
  async warmUp(): Promise<void> {
    try {
      if (this.#parts.firstRequest !== null) this.#parts.log.info('Warming up.');
      await this.#parts.firstRequest?.();
    } catch (error) {
      // A server that is told to stop meanwhile may refuse the request.
      if (!this.#isDraining) throw error;
    }
    if (!this.#isDraining) this.#parts.log.info(READY_LINE);
  }

  /**
   * New work gets a 503. Running requests end first, then devices (each from inside), then the threads without
   * native code.
   */
  async drain(): Promise<void> {
    this.#isDraining = true;
    const { app, fleet, grammars, actors, cpuPool } = this.#parts;
    await app.beginDrain();
    app.close();
    await fleet.retire();
    await Promise.all([grammars?.stop(), actors.stop(), cpuPool.close()]);
  }
}
