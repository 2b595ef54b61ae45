import { asLarge } from './large-json.js';

/** Makes the JSON of one event after another: a large one in pieces, and what comes behind it when it is out. */
export class OrderedJson {
  readonly #onIdle: () => void;
  #numWaiting = 0;
  #last: Promise<void> = Promise.resolve();

  /** @param onIdle called when all that had to wait is out */
  constructor(onIdle: () => void) {
    this.#onIdle = onIdle;
  }

  /** True while something large is made: better say nothing more. */
  get isBusy(): boolean {
    return this.#numWaiting > 0;
  }

  /** Gives the text of `value` to `use`: at once, or in its turn. `fail` hears what went wrong in a piece. */
  put(value: unknown, use: (text: string) => void, fail: (error: unknown) => void): void {
    const large = asLarge(value);
    if (large === null && !this.isBusy) {
      use(JSON.stringify(value));
      return;
    }
    this.#numWaiting++;
    // Nobody awaits it, so it never rejects.
    this.#last = this.#last
      .then(async () => {
        use(large === null ? JSON.stringify(value) : await large.text());
      })
      .catch(fail)
      .then(() => {
        this.#numWaiting--;
        if (!this.isBusy) this.#onIdle();
      });
  }
}
