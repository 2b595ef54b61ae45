import type { Logger, Progress } from '../observability/logger.js';

/** What is left for the devices when the weights are there. */
const WEIGHTS = 0.9;
/** How much of what is left a piece of work counts: how many will follow is not known when it begins. */
const SHARE = 0.7;

/** How much of the model is loaded, for those who ask meanwhile; it never goes back. */
export class LoadingProgress {
  readonly #onChange: (fraction: number) => void;
  #fraction = 0;

  /** @param onChange told whenever it grows */
  constructor(onChange: (fraction: number) => void = () => undefined) {
    this.#onChange = onChange;
  }

  get fraction(): number {
    return this.#fraction;
  }

  /** A log whose bars count here too. */
  watch(log: Logger): Logger {
    return { ...log, progress: (label) => this.#watched(log.progress(label)) };
  }

  /** The weights are there. */
  haveWeights(): void {
    this.#grow(WEIGHTS);
  }

  /** All of it is. */
  finish(): void {
    this.#grow(1);
  }

  #grow(fraction: number): void {
    if (fraction <= this.#fraction) return;
    this.#fraction = fraction;
    this.#onChange(fraction);
  }

  #watched(bar: Progress): Progress {
    const from = this.#fraction;
    return {
      update: (fraction, detail) => {
        this.#grow(from + (WEIGHTS - from) * SHARE * Math.min(1, fraction));
        bar.update(fraction, detail);
      },
      done: () => {
        bar.done();
      },
    };
  }
}
