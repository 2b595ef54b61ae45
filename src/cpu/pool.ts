import { Piscina } from 'piscina';

import type { CpuTask, CpuTaskResults } from './tasks.js';

/** Threads idle this long end, so that a server that has started gives their memory back. */
const IDLE_TIMEOUT_MS = 10_000;

/** Threads for work that would stop an event loop: quantising weights, tokenizing long prompts. */
export class CpuPool {
  readonly #piscina: Piscina<CpuTask, CpuTaskResults[CpuTask['kind']]>;

  /**
   * `maxQueue`: tasks that wait for a thread, beyond which {@link run} rejects. `workerFile` is the
   * compiled thread entry, `dist/workers/cpu.js`.
   */
  constructor(options: {
    readonly numThreads: number;
    readonly maxQueue?: number;
    readonly workerFile?: URL;
  }) {
    const file = options.workerFile ?? new URL('../../workers/cpu.js', import.meta.url);
    this.#piscina = new Piscina({
      filename: file.href,
      name: 'runCpuTask',
      minThreads: 0,
      maxThreads: options.numThreads,
      maxQueue: options.maxQueue ?? Number.POSITIVE_INFINITY,
      idleTimeout: IDLE_TIMEOUT_MS,
    });
  }

  /** Rejects with the task's error, with an AbortError, or when the queue is full. */
  async run<T extends CpuTask>(task: T, signal?: AbortSignal): Promise<CpuTaskResults[T['kind']]> {
    // Each kind answers with its own type; Piscina knows only their union.
    return this.#piscina.run(task, { signal: signal ?? null }) as Promise<
      CpuTaskResults[T['kind']]
    >;
  }

  /** Lets running tasks end, refuses new ones. */
  async close(): Promise<void> {
    await this.#piscina.close();
  }
}
