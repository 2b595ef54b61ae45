import type { Logger } from '../observability/logger.js';
import type { Progress } from '../observability/progress.js';

/** What is left for the devices when the weights are there. */
const WEIGHTS = 0.9;
/** How much of what is left a piece of work counts: how many will follow is not known when it begins. */
const SHARE = 0.7;

/** How much of the model is loaded, for those who ask meanwhile; it never goes back. */
export class LoadingProgress {
  #fraction = 0;

  get fraction(): number {
    return this.#fraction;
  }

  /** A log whose bars count here too. */
  watch(log: Logger): Logger {
    return { ...log, progress: (label) => this.#watched(log.progress(label)) };
  }

  /** The weights are there. */
  haveWeights(): void {
    this.#fraction = WEIGHTS;
  }

  #watched(bar: Progress): Progress {
    const from = this.#fraction;
    return {
      update: (done, total, detail) => {
        const fraction = Math.min(1, done / Math.max(1, total));
        const now = from + (WEIGHTS - from) * SHARE * fraction;
        this.#fraction = Math.max(this.#fraction, now);
        bar.update(done, total, detail);
      },
      done: () => {
        bar.done();
      },
    };
  }
}
