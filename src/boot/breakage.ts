import type { Engine } from '../engine/engine.js';

/** The first thing that leaves the server unable to serve. Every request fails with it. */
export class Breakage {
  /** Resolves with what {@link report} was told first. */
  readonly reason: Promise<string>;
  readonly #engine: Pick<Engine, 'fail'>;
  #resolve: (reason: string) => void = () => undefined;
  #isReported = false;

  constructor(engine: Pick<Engine, 'fail'>) {
    this.#engine = engine;
    this.reason = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** Reports what the promise rejects with. */
  watch(broken: Promise<never>): void {
    broken.catch((error: unknown) => {
      this.report(error instanceof Error ? error.message : String(error));
    });
  }

  report(reason: string): void {
    if (this.#isReported) return;
    this.#isReported = true;
    this.#engine.fail({ code: 'NO_DEVICE', message: `The server cannot go on: ${reason}.` });
    this.#resolve(reason);
  }
}
