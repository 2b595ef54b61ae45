import { RequestError } from '../core/errors.js';

/** Texts longer than this, in UTF-16 units, are long: they take more than about 20 ms each. */
const LONG_TEXT_CHARS = 32 * 1024;
/** Texts that are tokenized at a time; the runtime's four threads also read files. */
const MAX_RUNNING = 3;
/** Long texts that are tokenized at a time: a short one never waits behind them for a thread. */
const MAX_LONG_RUNNING = 2;
/** Texts of one request that are tokenized at a time. */
const MAX_RUNNING_PER_REQUEST = 2;
/** UTF-16 units of all texts that wait, those of clients that have left among them. */
export const MAX_WAITING_CHARS = 64 * 1024 * 1024;

interface Job {
  readonly numChars: number;
  readonly start: () => Promise<void>;
}

/** The texts of one request, in order. */
interface Line {
  readonly jobs: Job[];
  numRunning: number;
}

/** Runs one text's tokenization in the request's turn. @throws RequestError QUEUE_FULL */
export type RunInTurn = <T>(numChars: number, work: () => Promise<T>) => Promise<T>;

/**
 * Shares the tokenizer's threads between requests: they take turns, text by text, so that one with
 * thousands of texts, or with long ones, holds up nobody else.
 */
export class EncodeQueue {
  /** Requests with waiting texts; the first has its turn next. */
  #lines: Line[] = [];
  #numRunning = 0;
  #numLongRunning = 0;
  #waitingChars = 0;

  /** The turns of one request. */
  forRequest(): RunInTurn {
    const line: Line = { jobs: [], numRunning: 0 };
    return (numChars, work) =>
      new Promise((resolve, reject) => {
        if (this.#waitingChars + numChars > MAX_WAITING_CHARS) {
          reject(new RequestError('QUEUE_FULL', 'The request queue is full.'));
          return;
        }
        const start = (): Promise<void> => work().then(resolve, reject);
        if (line.jobs.length === 0) this.#lines.push(line);
        line.jobs.push({ numChars, start });
        this.#waitingChars += numChars;
        this.#startNext();
      });
  }

  #startNext(): void {
    while (this.#numRunning < MAX_RUNNING) {
      const line = this.#lines.find((one) => this.#mayStart(one));
      const job = line?.jobs.shift();
      if (line === undefined || job === undefined) return;
      this.#lines = this.#lines.filter((one) => one !== line);
      if (line.jobs.length > 0) this.#lines.push(line);
      this.#start(job, line);
    }
  }

  #mayStart({ jobs: [job], numRunning }: Line): boolean {
    if (job === undefined || numRunning >= MAX_RUNNING_PER_REQUEST) return false;
    return !isLong(job) || this.#numLongRunning < MAX_LONG_RUNNING;
  }

  #start(job: Job, line: Line): void {
    this.#count(job, line, 1);
    this.#waitingChars -= job.numChars;
    void job.start().finally(() => {
      this.#count(job, line, -1);
      this.#startNext();
    });
  }

  #count(job: Job, line: Line, by: 1 | -1): void {
    this.#numRunning += by;
    line.numRunning += by;
    if (isLong(job)) this.#numLongRunning += by;
  }
}

function isLong({ numChars }: Job): boolean {
  return numChars > LONG_TEXT_CHARS;
}
