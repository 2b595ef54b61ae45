import type { TextOutput } from '../command.js';

const EVERY_MS = 200;

/** One line of a terminal that says how far a run is; nothing where there is no terminal. */
export class BenchProgress {
  readonly #err: TextOutput;
  readonly #total: number;
  readonly #now: () => number;
  readonly #startMs: number;
  #numDone = 0;
  #numTokens = 0;
  #shownMs = -Infinity;

  constructor(err: TextOutput, total: number, now: () => number) {
    this.#err = err;
    this.#total = total;
    this.#now = now;
    this.#startMs = now();
  }

  done(numTokens: number): void {
    this.#numDone += 1;
    this.#numTokens += numTokens;
    if (this.#now() - this.#shownMs < EVERY_MS && this.#numDone < this.#total) return;
    this.#show();
  }

  /** Takes the line away. */
  end(): void {
    this.#write('');
  }

  #show(): void {
    this.#shownMs = this.#now();
    const seconds = (this.#shownMs - this.#startMs) / 1000;
    if (seconds <= 0) return;
    const left = ((this.#total - this.#numDone) * seconds) / this.#numDone;
    const rate = (this.#numDone / seconds).toFixed(1);
    const tokens = (this.#numTokens / seconds).toFixed(0);
    this.#write(
      `${this.#numDone}/${this.#total} requests, ${rate} req/s, ${tokens} tok/s, ${clock(left)} left`,
    );
  }

  #write(text: string): void {
    if (this.#err.isTTY === true) this.#err.write(`\r\x1b[K${text}`);
  }
}

function clock(seconds: number): string {
  const whole = Math.ceil(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
