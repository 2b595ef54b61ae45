import { tensorOf, type Tensors } from '../ort.js';

type Tensor = Tensors[string];

/** A tensor of numbers that are copied into it, flat unless `dims` says otherwise. */
export function int64Tensor(values: Iterable<number>, dims?: readonly number[]): Tensor {
  const data = BigInt64Array.from(values, BigInt);
  return tensorOf('int64', data, dims ?? [data.length]);
}

/** A tensor over `data`, flat unless `dims` says otherwise. */
export function int32Tensor(data: Int32Array, dims: readonly number[] = [data.length]): Tensor {
  return tensorOf('int32', data, dims);
}

export function float32Tensor(values: readonly number[]): Tensor {
  return tensorOf('float32', Float32Array.from(values), [values.length]);
}
