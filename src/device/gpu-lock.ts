import { threadId } from 'node:worker_threads';

/** In the place of a thread's id. */
const NOBODY = -1;

/** `[1] i32`: who holds it. Made once per process. */
export type GpuLockWord = SharedArrayBuffer;

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

  constructor(word: GpuLockWord) {
    this.#word = new Int32Array(word);
  }

  /** Blocks the thread until nobody else holds it, then does `work` while it is held. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      const holder = Atomics.compareExchange(this.#word, 0, NOBODY, threadId);
      if (holder === NOBODY) break;
      Atomics.wait(this.#word, 0, holder);
    }
    try {
      return await work();
    } finally {
      this.letGo(threadId);
    }
  }

  /** A thread is gone: what it held is free. */
  letGo(holder: number): void {
    if (Atomics.compareExchange(this.#word, 0, holder, NOBODY) !== holder) return;
    Atomics.notify(this.#word, 0);
  }
}
