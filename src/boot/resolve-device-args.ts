import type { ResolvedArgs, ServerArgs } from '../config/server-args.js';
import type { DeviceKind } from '../core/device-kind.js';
import { StartupError } from '../core/errors.js';

const CPU_PAGE_TOKENS = 16;
/** Smaller pages leave the kernels of GPUs that are known to be right. */
const GPU_PAGE_TOKENS = 64;
/** CUDA's flash attention wants these pages, by the largest head that they are for; larger heads take the GPU's. */
const CUDA_PAGE_TOKENS: readonly (readonly [headDimMax: number, pageSizeTokens: number])[] = [
  [64, 256],
  [128, 128],
];
const CPU_MEM_FRACTION = 0.5;
const GPU_MEM_FRACTION = 0.85;

/** What of the arguments cannot be on `kind`, before a model is loaded. @throws StartupError */
export function checkDeviceArgs({ pageSize }: ServerArgs, kind: DeviceKind): void {
  if (kind === 'cpu' || pageSize === null) return;
  // PagedAttention refuses what is no power of two, on both providers.
  if (pageSize >= GPU_PAGE_TOKENS && Number.isInteger(Math.log2(pageSize))) return;
  throw new StartupError(
    `--page-size must be a power of two of at least ${GPU_PAGE_TOKENS} with --device ${kind}, got ${pageSize}.`,
  );
}

/** `args` with the defaults of the device that was chosen; `headDim` is the model's. */
export function resolveDeviceArgs(
  args: ServerArgs,
  kind: DeviceKind,
  headDim: number,
): ResolvedArgs {
  return {
    ...args,
    device: kind,
    pageSize: args.pageSize ?? defaultPageTokens(kind, headDim),
    memFractionStatic:
      args.memFractionStatic ?? (kind === 'cpu' ? CPU_MEM_FRACTION : GPU_MEM_FRACTION),
  };
}

function defaultPageTokens(kind: DeviceKind, headDim: number): number {
  if (kind === 'cpu') return CPU_PAGE_TOKENS;
  if (kind === 'webgpu') return GPU_PAGE_TOKENS;
  return CUDA_PAGE_TOKENS.find(([headDimMax]) => headDim <= headDimMax)?.[1] ?? GPU_PAGE_TOKENS;
}
