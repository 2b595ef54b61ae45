import type { HostEnv } from '../config/load.js';
import type { ServerArgs } from '../config/server-args.js';
import { isQuantMethod } from '../core/quant-methods.js';
import type { PreparedModel } from '../model/graph/contract.js';
import type { KvScales } from '../model/kv-scales.js';
import type { PreparedCheckpoint } from '../model/prepare-model.js';
import type { LoraTargets } from '../model/lora/lora-sites.js';
import type { RoundLayer } from '../model/quantize/compensate/round-layers.js';
import type { QuantizeDeps } from '../model/quantize/kept-weights.js';
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
  /** Rounds the linears of a layer, away from the main thread. */
  readonly roundLayer: RoundLayer;
  /** How this machine's kernels add; absent = the weights go to other machines too. */
  readonly productSums?: QuantizeDeps['productSums'];
  /** What weights, keys and values of a device may take together; null = nobody knows. */
  readonly memoryBytes: number | null;
  readonly temporary: TemporaryFolders;
  /** Whoever loads waits for the proof of the weights; absent = they are proven when they are prepared. */
  readonly provesLate?: boolean;
  /** Which modules adapters may change; absent = none. */
  readonly lora?: LoraTargets | null;
  /** What the model is to be computed on, and in. */
  readonly device: TargetRequest;
  /** Where that of the served model lies, for weights that follow it without one; null before it is loaded. */
  readonly tokenizerFolder: string | null;
}

/**
 * For weights that are to follow the served ones: their cache has the same element type, and there is a tokenizer. What
 * follows a converted model has its format, whatever `auto` would choose.
 */
export function likeServed(context: LoadContext, served: PreparedCheckpoint): LoadContext {
  const { device, args } = context;
  const { kvType, format } = served.spec;
  const kvCacheDtype = kvType === 'i8' ? 'int8' : 'fp32';
  return {
    ...context,
    provesLate: false,
    args: served.info.isConverted ? { ...args, quantization: format } : storedAnyhow(args),
    device: device.device === 'cpu' ? { ...device, kvCacheDtype } : device,
    tokenizerFolder: served.tokenizerFolder,
  };
}

/** What `--quantization` says of the served checkpoint says nothing of another one. */
export function storedAnyhow(args: ServerArgs): ServerArgs {
  return isQuantMethod(args.quantization) ? { ...args, quantization: 'auto' } : args;
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
