import { calibrateKv } from '../device/cpu/calibrate-kv.js';
import { probeProductSums } from '../device/cpu/product-sums.js';
import type { LoraWeights } from '../core/lora.js';
import type { PreparedModel } from '../model/graph/contract.js';
import type { KvScales } from '../model/kv-scales.js';
import { ModelLoadError, type ModelLoadCode } from '../model/load-error.js';
import { readAdapter, type ReadOptions } from '../model/lora/read-adapter.js';
import type { LayerTask } from '../model/quantize/compensate/layer-task.js';
import type { QuantizeJob } from '../model/quantize/job.js';
import type { ProductSums } from '../model/quantize/product-sums.js';
import { runQuantizeJob } from '../model/quantize/run-job.js';
import { roundLayer } from './round-layer.js';

/** An error as a value: a thrown one loses its class and code on its way between threads. */
export interface TaskFailure {
  readonly code: ModelLoadCode | 'system';
  readonly systemCode: string | null;
  readonly message: string;
}

/** Runs on a thread of the pool: fills the job's ranges of a cache file. */
export function runCpuTask(job: QuantizeJob): TaskFailure | null {
  try {
    runQuantizeJob(job);
    return null;
  } catch (error) {
    return failureOf(error);
  }
}

export interface CalibrationTask {
  /** Built with a cache of floats. */
  readonly model: PreparedModel;
  readonly prompts: readonly Int32Array[];
  readonly numThreads: number;
}

/** Runs on a thread of the pool: measures the scales for a cache of integers. */
export function runCalibration({ model, prompts, numThreads }: CalibrationTask): Promise<KvScales> {
  return calibrateKv(model, prompts, { numThreads, spinning: false });
}

export interface RoundingTask {
  readonly task: LayerTask;
  readonly numThreads: number;
}

/** Runs on a thread of the pool: rounds the linears of a layer. */
export async function runRounding({
  task,
  numThreads,
}: RoundingTask): Promise<Float32Array | TaskFailure> {
  try {
    return await roundLayer(task, { numThreads, spinning: false });
  } catch (error) {
    return failureOf(error);
  }
}

/** Runs on a thread of the pool: asks the runtime's kernels. */
export function runProductSums(): Promise<ProductSums> {
  return probeProductSums();
}

/** Runs on a thread of the pool: reads a LoRA adapter. */
export async function runAdapterRead(options: ReadOptions): Promise<LoraWeights | TaskFailure> {
  try {
    return await readAdapter(options);
  } catch (error) {
    return failureOf(error);
  }
}

/** Bugs are thrown on: only what a user can act on is a value. */
function failureOf(error: unknown): TaskFailure {
  if (error instanceof ModelLoadError) {
    return { code: error.code, systemCode: null, message: error.message };
  }
  const systemCode = (error as NodeJS.ErrnoException).code;
  if (typeof systemCode !== 'string') throw error;
  return { code: 'system', systemCode, message: (error as Error).message };
}
