import type { DeviceKind } from '../core/device-kind.js';
import type { FloatType } from '../core/model-spec.js';
import { ModelLoadError } from './load-error.js';

/** What a graph and its weights are made for. A plain value: it crosses threads by copy. */
export interface ModelTarget {
  readonly device: DeviceKind;
  /** Element type of activations, and of weights that are not quantised. */
  readonly compute: FloatType;
  /** Element type of K and V. */
  readonly kv: FloatType;
  /** Columns of a matrix that share a scale in `int8` and `int4`. */
  readonly blockSize: BlockSize;
}

export type BlockSize = 16 | 32 | 64 | 128;

/** f32 throughout; K and V in arrays that the graph gets and gives. */
export const CPU_TARGET: ModelTarget = {
  device: 'cpu',
  compute: 'f32',
  kv: 'f32',
  blockSize: 16,
};

/** `--dtype` */
export const DTYPES = ['auto', 'half', 'float16', 'bfloat16', 'float', 'float32'] as const;
export type Dtype = (typeof DTYPES)[number];

/** `--kv-cache-dtype` */
export const KV_CACHE_DTYPES = ['auto', 'fp32', 'int8', 'bf16', 'bfloat16'] as const;
export type KvCacheDtype = (typeof KV_CACHE_DTYPES)[number];

/** What a model is asked to be computed on, and in. */
export interface TargetRequest {
  readonly device: DeviceKind;
  readonly dtype: Dtype;
  readonly kvCacheDtype: KvCacheDtype;
}

export const ON_CPU: TargetRequest = { device: 'cpu', dtype: 'auto', kvCacheDtype: 'fp32' };

const NAMED: Readonly<Record<Exclude<Dtype, 'auto'>, FloatType>> = {
  half: 'f16',
  float16: 'f16',
  bfloat16: 'bf16',
  float: 'f32',
  float32: 'f32',
};

/**
 * What to compute in: a CPU has one answer. WebGPU computes in f32 unless it is told otherwise (on
 * SmolLM2-135M the logits in f16 are three times as far from the CPU's) and has no bf16; CUDA takes what the checkpoint
 * has. K and V are f16, or bf16 beside bf16: the paged attention of both takes nothing else.
 *
 * @param stored of the checkpoint's embedding table
 * @throws ModelLoadError
 */
export function targetFor(
  { device, dtype }: Pick<TargetRequest, 'device' | 'dtype'>,
  stored: FloatType,
): ModelTarget {
  if (device === 'cpu') return CPU_TARGET;
  const compute = dtype === 'auto' ? automatic(device, stored) : NAMED[dtype];
  if (device === 'webgpu' && compute === 'bf16') {
    throw new ModelLoadError(
      'bad_option',
      `--dtype ${dtype} is not possible: WebGPU has no bfloat16. Use auto, float16 or float32.`,
    );
  }
  return { device, compute, kv: compute === 'bf16' ? 'bf16' : 'f16', blockSize: 32 };
}

function automatic(device: DeviceKind, stored: FloatType): FloatType {
  if (device === 'webgpu') return 'f32';
  return stored === 'bf16' ? 'bf16' : 'f16';
}
