import { dirname, relative, sep } from 'node:path';

import { type AnyPlan, plannedLinears, plannedTensors } from '../plan/demands.js';
import type { LinearPlan } from '../plan/tensors.js';
import type { Checkpoint } from '../source/checkpoint.js';
import { elements } from '../elements.js';
import { findWeight, type WeightTensor } from './find-weight.js';
import type { FloatType } from '../../core/model-spec.js';
import {
  DTYPE_BYTES,
  weightStore,
  type PlainLinear,
  type TensorRef,
  type WeightStore,
} from './weight-store.js';

/**
 * Format `none`: the graph's initializers name byte ranges of the safetensors files themselves, so
 * nothing is copied. Throws when a tensor of the plan is missing or does not fit.
 */
export function plainWeights(
  plan: AnyPlan,
  checkpoint: Checkpoint,
  compute: FloatType = 'f32',
): WeightStore {
  const folder = commonFolder(checkpoint.files.map((file) => file.path));
  const ref = (tensor: WeightTensor): TensorRef => ({
    file: relative(folder, tensor.path).split(sep).join('/'),
    offset: tensor.offset,
    byteLength: tensor.byteLength,
    dtype: tensor.dtype,
    shape: tensor.shape,
  });
  const linear = (planned: LinearPlan): PlainLinear => ({
    format: 'none',
    parts: planned.parts.map(({ weight, bias, out }) => ({
      weight: ref(findWeight(checkpoint, weight, [out, planned.in])),
      bias: bias === null ? null : ref(findWeight(checkpoint, bias, [out])),
    })),
  });
  const tensors = plannedTensors(plan).map(
    (planned) =>
      [planned.name, ref(findWeight(checkpoint, planned.checkpoint, planned.shape))] as const,
  );
  const linears = plannedLinears(plan).map((planned) => [planned.name, linear(planned)] as const);
  return weightStore(folder, {
    format: 'none',
    totalBytes: sessionBytes(
      tensors.map(([, t]) => t),
      linears.map(([, l]) => l),
      DTYPE_BYTES[compute],
    ),
    tensors: Object.fromEntries(tensors),
    linears: Object.fromEntries(linears),
  });
}

/** Bytes in a session: tables and gains as stored, linears cast to what is computed in when they are loaded. */
export function sessionBytes(
  tensors: readonly TensorRef[],
  linears: readonly PlainLinear[],
  elementBytes: number = DTYPE_BYTES.f32,
): number {
  const parts = linears.flatMap((linear) => linear.parts);
  const weights = parts.flatMap(({ weight, bias }) => (bias === null ? [weight] : [weight, bias]));
  return (
    tensors.reduce((total, { byteLength }) => total + byteLength, 0) +
    weights.reduce((total, { shape }) => total + elementBytes * elements(shape), 0)
  );
}

/**
 * The deepest folder above all `paths`. Real paths: the runtime refuses links that lead out of the
 * weights folder, and Hugging Face's cache is links into `blobs/`.
 */
export function commonFolder(paths: readonly string[]): string {
  const [first, ...rest] = paths.map((path) => dirname(path).split(sep));
  let depth = first?.length ?? 0;
  for (const parts of rest) {
    const differs = parts.findIndex((part, i) => part !== first?.[i]);
    depth = Math.min(depth, differs < 0 ? parts.length : differs);
  }
  return first?.slice(0, depth).join(sep) || sep;
}
