import type { App } from '../api/app.js';
import type { Logger } from '../observability/logger.js';
import type { Assembly } from './assemble.js';
import type { OpenPort } from './open-port.js';

const READY_LINE = 'The server is fired up and ready to roll!';

export interface ServerParts extends Pick<Assembly, 'broken' | 'watchdog' | 'end'> {
  readonly app: Pick<App, 'numLive' | 'beginDrain' | 'closeSockets'>;
  readonly port: Pick<OpenPort, 'close'>;
  /** One request through all of it, which rejects when that fails; null = none is wanted. */
  readonly firstRequest: (() => Promise<void>) | null;
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

  /** Requests that {@link drain} would wait for. */
  get numLive(): number {
    return this.#parts.app.numLive();
  }

  /** New work gets a 503. Running requests end first, then the port, then what was behind it. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    const { app, port, end } = this.#parts;
    await app.beginDrain();
    app.closeSockets();
    port.close();
    await end();
  }
}
