import { Piscina } from 'piscina';

import type { LoraWeights } from '../core/lora.js';
import type { PreparedModel } from '../model/graph/contract.js';
import type { KvScales } from '../model/kv-scales.js';
import { ModelLoadError } from '../model/load-error.js';
import type { ReadOptions } from '../model/lora/read-adapter.js';
import type { LayerTask } from '../model/quantize/compensate/layer-task.js';
import type { QuantizeJob } from '../model/quantize/job.js';
import type { ProductSums } from '../model/quantize/product-sums.js';
import type { CalibrationTask, RoundingTask, TaskFailure } from './tasks.js';

/** Threads idle this long end, so that a server that has started gives their memory back. */
const IDLE_TIMEOUT_MS = 10_000;

/** Threads for work that would stop an event loop: quantising weights, measuring what they make. */
export class CpuPool {
  readonly #piscina: Piscina;
  readonly #numThreads: number;

  /** `workerFile` is the compiled thread entry, `dist/workers/cpu.js`. */
  constructor(options: { readonly numThreads: number; readonly workerFile?: URL }) {
    const file = options.workerFile ?? new URL('../../workers/cpu.js', import.meta.url);
    this.#numThreads = options.numThreads;
    this.#piscina = new Piscina({
      filename: file.href,
      name: 'runCpuTask',
      minThreads: 0,
      maxThreads: options.numThreads,
      idleTimeout: IDLE_TIMEOUT_MS,
    });
  }

  /** Waits for a thread without bound: callers limit themselves. A signal ends what waits and what runs. */
  async run(job: QuantizeJob, signal: AbortSignal | null): Promise<TaskFailure | null> {
    return this.#piscina.run(job, { signal }) as Promise<TaskFailure | null>;
  }

  /** Scales for a cache of integers, by one thread of the pool that has as many of its own. */
  async calibrate(model: PreparedModel, prompts: readonly Int32Array[]): Promise<KvScales> {
    const task: CalibrationTask = { model, prompts, numThreads: this.#numThreads };
    return this.#piscina.run(task, { name: 'runCalibration' }) as Promise<KvScales>;
  }

  /** The residual stream behind a layer whose linears it rounds, by one thread of the pool that has as many of its own. */
  async roundLayer(layer: LayerTask): Promise<Float32Array> {
    const task: RoundingTask = { task: layer, numThreads: this.#numThreads };
    const run = this.#piscina.run(task, { name: 'runRounding' });
    const result = (await run) as Float32Array | TaskFailure;
    if (result instanceof Float32Array) return result;
    throw errorOf(result);
  }

  /** How the runtime's kernels add products of integers on this machine. */
  async productSums(): Promise<ProductSums> {
    return this.#piscina.run(null, { name: 'runProductSums' }) as Promise<ProductSums>;
  }

  /** A LoRA adapter as runs take it. @throws ModelLoadError */
  async readAdapter(options: ReadOptions): Promise<LoraWeights> {
    const result = (await this.#piscina.run(options, { name: 'runAdapterRead' })) as
      LoraWeights | TaskFailure;
    if ('data' in result) return result;
    throw errorOf(result);
  }

  /** Lets running tasks end, refuses new ones. */
  async close(): Promise<void> {
    await this.#piscina.close();
  }
}

/** The `runJob` of model/quantize's `QuantizeDeps`: each job on a thread of `pool`; an error comes back with its class and code. */
export function quantizeOn(
  pool: CpuPool,
  signal: AbortSignal | null = null,
): (job: QuantizeJob) => Promise<void> {
  return async (job) => {
    const failure = await pool.run(job, signal);
    if (failure !== null) throw errorOf(failure);
  };
}

function errorOf({ code, systemCode, message }: TaskFailure): Error {
  if (code !== 'system') return new ModelLoadError(code, message);
  return Object.assign(new Error(message), { code: systemCode });
}
