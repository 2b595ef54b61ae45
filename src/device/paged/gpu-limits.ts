import { StartupError } from '../../core/errors.js';
import { kvBytesPerToken, type ModelSpec } from '../../core/model-spec.js';
import { shownMiB } from '../../core/shown-size.js';
import type { MemoryPlan } from '../limits.js';

/** Requests that decode together when nobody says: more rows cost a GPU little, and each has its head row here. */
const DEFAULT_RUNNING_MAX = 64;
/** Activations of the longest run, the provider's arena, the probe. */
const WORK_BYTES = 256 * 2 ** 20;

export interface GpuMemoryOptions {
  readonly spec: ModelSpec;
  /** What weights and KV of one device may take; null = nobody says. */
  readonly memoryBytes: number | null;
  readonly numDevices: number;
  /** Most bytes of the keys, or of the values, of one layer. */
  readonly arrayBytesMax: number;
  /** `--mem-fraction-static` */
  readonly memFraction: number;
  /** `--max-running-requests`; null = chosen here. */
  readonly maxRunningRequests: number | null;
  /** `--max-total-tokens`; null = as many as fit. */
  readonly maxTotalTokens: number | null;
  readonly pageSizeTokens: number;
}

/**
 * How a GPU's memory is used: weights, then pages. There are no slots beside them. No runtime tells how much is free:
 * where no driver tells how much there is either, somebody must say it.
 *
 * @throws StartupError when it does not fit
 */
export function planGpuMemory(options: GpuMemoryOptions): MemoryPlan {
  const { spec, pageSizeTokens } = options;
  const bytesEach = kvBytesPerToken(spec);
  const asked = options.maxTotalTokens;
  const inArray = tokensOfArray(options);
  if (asked !== null && asked > inArray) {
    throw new StartupError(
      `--max-total-tokens ${asked} does not fit: WebGPU's arrays hold ${inArray} tokens of this model. Lower it.`,
    );
  }
  const fits = Math.min(tokensThatFit(options, bytesEach), inArray);
  if (asked !== null && asked > fits) {
    throw new StartupError(
      `--max-total-tokens ${asked} does not fit: ${shownMiB(asked * bytesEach)} of KV, and ${shownMiB(fits * bytesEach)} ` +
        `(${fits} tokens) are left beside the weights. Lower it or raise --gpu-memory-gb or --mem-fraction-static.`,
    );
  }
  const numPages = Math.floor((asked ?? fits) / pageSizeTokens);
  if (numPages < 2) {
    throw new StartupError(
      `KV of ${asked ?? fits} tokens is fewer than two pages of ${pageSizeTokens} tokens ` +
        `(${Math.ceil((bytesEach * pageSizeTokens) / 1024)} KiB each). Raise --gpu-memory-gb or --max-total-tokens.`,
    );
  }
  const poolTokens = numPages * pageSizeTokens;
  const numSlots = options.maxRunningRequests ?? Math.min(DEFAULT_RUNNING_MAX, numPages);
  const slotLength = Math.min(spec.contextLength, poolTokens);
  return {
    limits: { numSlots, slotLength, numPages, pageSizeTokens },
    freeBytes: freeBytes(options, poolTokens * bytesEach),
    account: [
      `GPU memory: ${options.memoryBytes === null ? 'unknown' : shownMiB(options.memoryBytes)} for each of ${options.numDevices} device(s)`,
      `weights: ${shownMiB(spec.weightBytes)} per device`,
      `KV pages: ${numPages} of ${pageSizeTokens} tokens = ${poolTokens} tokens in ${spec.kvType}, ` +
        `${shownMiB(poolTokens * bytesEach)} per device`,
    ],
  };
}

/** Beside everything; nothing where nobody says how much there is. */
function freeBytes({ memoryBytes, spec }: GpuMemoryOptions, kvBytes: number): number {
  return Math.max(0, (memoryBytes ?? 0) - WORK_BYTES - spec.weightBytes - kvBytes);
}

function tokensThatFit(options: GpuMemoryOptions, bytesEach: number): number {
  const { spec, memoryBytes, memFraction, maxTotalTokens } = options;
  if (memoryBytes === null) {
    if (maxTotalTokens !== null) return maxTotalTokens;
    throw new StartupError(
      'No driver tells how much memory this GPU has: say it with --gpu-memory-gb or --max-total-tokens.',
    );
  }
  const left = memoryBytes - WORK_BYTES - spec.weightBytes;
  if (left <= 0) {
    throw new StartupError(
      `The weights take ${shownMiB(spec.weightBytes)}, a run ${shownMiB(WORK_BYTES)}, and the GPU has ${shownMiB(memoryBytes)}. ` +
        'Use a smaller model, --quantization int4, or raise --gpu-memory-gb.',
    );
  }
  return Math.floor((left * memFraction) / bytesEach);
}

/** Tokens whose keys of one layer are one array, beside the spare page. */
function tokensOfArray({ spec, arrayBytesMax, pageSizeTokens }: GpuMemoryOptions): number {
  const bytesOfArray = kvBytesPerToken(spec) / (2 * spec.numLayers);
  return Math.max(0, Math.floor(arrayBytesMax / bytesOfArray) - pageSizeTokens);
}
