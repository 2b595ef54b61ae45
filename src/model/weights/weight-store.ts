import type { WeightFormat } from '../../core/model-spec.js';

/** ONNX element types that initializers use. `u4x2` never appears: MatMulNBits packs into `u8`. */
export type TensorDtype = 'f32' | 'f16' | 'bf16' | 'i8' | 'u8' | 'i32' | 'i64';

/** Bytes of one element. */
export const DTYPE_BYTES: Readonly<Record<TensorDtype, number>> = {
  f32: 4,
  f16: 2,
  bf16: 2,
  i8: 1,
  u8: 1,
  i32: 4,
  i64: 8,
};

/** Bytes of one tensor inside a file of the weights folder. Checked against the file before use. */
export interface TensorRef {
  /** File name relative to {@link WeightStore.folder}; no `..`, no absolute path. */
  readonly file: string;
  readonly offset: number;
  readonly byteLength: number;
  readonly dtype: TensorDtype;
  readonly shape: readonly number[];
}

/** A linear layer `y = x Wᵀ + b` as its format stores it; `in` = K, `out` = N. */
export type LinearWeight = PlainLinear | W8A8Linear | BlockLinear | PartsLinear;

/** Checkpoint tensors as they are; rows of the parts are concatenated (q, k, v → qkv). */
export interface PlainLinear {
  readonly format: 'none';
  /** Each weight `[out, in]` f32 | f16 | bf16, each bias `[out]`. */
  readonly parts: readonly { readonly weight: TensorRef; readonly bias: TensorRef | null }[];
}

/** The recipe of docs/decisions/0002-weight-formats.md. */
export interface W8A8Linear {
  readonly format: 'w8a8_int8';
  /** All parts of the plan side by side in one matrix, or a matrix for each. */
  readonly matrices: readonly W8A8Matrix[];
  /** Run time multiplies blocks of this many input columns by a normalised Hadamard matrix. */
  readonly inputHadamard: number | null;
  /** Inputs are quantised over `[-inputRange, inputRange]`; null = each row over its own largest magnitude. */
  readonly inputRange: number | null;
  /** The same of inputs in the units of a cache of integers; absent = as of others. */
  readonly gridRange?: number;
}

/** int8 weight `[in, out]`, one f32 scale `[out]` per output column, bias `[out]` f32. */
export interface W8A8Matrix {
  readonly weight: TensorRef;
  readonly scale: TensorRef;
  readonly bias: TensorRef | null;
}

/**
 * `MatMulNBits` layout, of K columns, which are `in` and perhaps `sumColumns`: weight u8
 * `[out, ceil(K / block), block * bits / 8]`, scales f32 `[out * ceil(K / block)]`, zero points u8
 * `[out * ceil(ceil(K / block) * bits / 8)]`, the first in the low bits.
 */
export interface BlockLinear {
  readonly format: 'int8' | 'int4';
  readonly bits: 8 | 4;
  readonly blockSize: number;
  readonly in: number;
  readonly out: number;
  readonly weight: TensorRef;
  readonly scales: TensorRef;
  /** Absent = half the range of a code. */
  readonly zeroPoints?: TensorRef;
  /** i32 `[in]`: the input's column that each column of the weight multiplies; absent = they have one order. */
  readonly inputOrder?: TensorRef;
  /** The weight has so many more columns, for the sums of the input's blocks (sum-columns.ts); absent = none. */
  readonly sumColumns?: number;
  readonly bias: TensorRef | null;
  /** Run time multiplies blocks of this many input columns by a normalised Hadamard matrix; null = none. */
  readonly inputHadamard?: number | null;
}

/** A matrix for each part of the plan, for they have formats of their own. */
export interface PartsLinear {
  readonly format: 'parts';
  readonly parts: readonly BlockLinear[];
}

/** Where the graph builder finds every initializer, by the names that `ModelPlan` gave them. */
export interface WeightStore {
  /** Absolute real folder that holds all files of the refs. */
  readonly folder: string;
  readonly format: WeightFormat;
  readonly totalBytes: number;
  /** All of it as plain values. */
  readonly map: WeightMap;
  /** A named vector or matrix: norm gains, embedding tables, routers, biases. Throws on an unknown name. */
  tensor(name: string): TensorRef;
  /** A linear layer of the plan. Throws on an unknown name. */
  linear(name: string): LinearWeight;
}

/** What a weight store holds, as plain values: this is also the cache's JSON index. */
export interface WeightMap {
  readonly format: WeightFormat;
  readonly totalBytes: number;
  readonly tensors: Readonly<Record<string, TensorRef>>;
  readonly linears: Readonly<Record<string, LinearWeight>>;
}

/** A {@link WeightStore} over `map`, whose files lie in the real folder `folder`. */
export function weightStore(folder: string, map: WeightMap): WeightStore {
  return {
    folder,
    format: map.format,
    totalBytes: map.totalBytes,
    map,
    tensor: (name) => named(map.tensors, name, 'tensor'),
    linear: (name) => named(map.linears, name, 'linear'),
  };
}

function named<T>(values: Readonly<Record<string, T>>, name: string, kind: string): T {
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  if (value === undefined) throw new Error(`This is a bug: no ${kind} is named '${name}'.`);
  return value;
}
