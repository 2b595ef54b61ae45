import { threadId } from 'node:worker_threads';

/** In the place of a holder. */
const NOBODY = -1;

/** `[1] i32`: who holds it. Made once per process. */
export type GpuLockWord = SharedArrayBuffer;

/** What a thread is given of it; copied, but for the word. */
export interface GpuLockShare {
  readonly word: GpuLockWord;
  /** Nobody else's: whoever sees the thread end lets go of the lock under this number. */
  readonly holder: number;
}

export function createGpuLock(): GpuLockWord {
  const word = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  new Int32Array(word).fill(NOBODY);
  return word;
}

/**
 * WebGPU inside one process is for one thread at a time: sessions that run, are made or are released in two threads
 * at once end the process (measured: 7 of 7 tries). So whoever touches the runtime there holds this lock.
 */
export class GpuLock {
  readonly #word: Int32Array;
  readonly #holder: number;

  /** @param holder who holds it through this object: one number for each thread that may */
  constructor(word: GpuLockWord, holder = threadId) {
    this.#word = new Int32Array(word);
    this.#holder = holder;
  }

  /** Blocks the thread until nobody else holds it, then does `work` while it is held. One `work` at a time. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      const holder = Atomics.compareExchange(this.#word, 0, NOBODY, this.#holder);
      if (holder === NOBODY) break;
      if (holder === this.#holder) throw new Error('this is a bug: the GPU lock is held already');
      Atomics.wait(this.#word, 0, holder);
    }
    try {
      return await work();
    } finally {
      this.letGo();
    }
  }

  /** Free, if the holder has it: for the holder itself, and for whoever sees its thread end. */
  letGo(): void {
    if (Atomics.compareExchange(this.#word, 0, this.#holder, NOBODY) !== this.#holder) return;
    Atomics.notify(this.#word, 0);
  }
}
