import type { HostEnv } from '../config/load.js';
import type { ServerArgs } from '../config/server-args.js';
import type { PreparedModel } from '../model/graph/contract.js';
import type { KvScales } from '../model/kv-scales.js';
import type { QuantizeDeps } from '../model/quantize/quantized-weights.js';
import type { TargetRequest } from '../model/target.js';
import type { Logger } from '../observability/logger.js';
import type { Progress } from '../observability/progress.js';
import type { TemporaryFolders } from './temporary-folders.js';

/** How a checkpoint is to be loaded, and what is at hand for it. */
export interface LoadContext {
  readonly args: ServerArgs;
  readonly env: HostEnv;
  readonly log: Logger;
  /** Quantizes a part of the weights, away from the main thread. */
  readonly runJob: QuantizeDeps['runJob'];
  /** Measures, away from the main thread, what a cache of integers needs to know. */
  readonly calibrate: (model: PreparedModel, prompts: readonly Int32Array[]) => Promise<KvScales>;
  readonly temporary: TemporaryFolders;
  /** What the model is to be computed on, and in. */
  readonly device: TargetRequest;
}

/** A bar that shows only when there is something to wait for. */
export function lazyProgress(log: Pick<Logger, 'progress'>, label: string): Progress {
  let bar: Progress | null = null;
  return {
    update: (done, total, detail) => {
      bar ??= log.progress(label);
      bar.update(done, total, detail);
    },
    done: () => bar?.done(),
  };
}
