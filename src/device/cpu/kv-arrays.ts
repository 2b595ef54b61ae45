import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import {
  type KvLayer,
  kvLayersOf,
  type KvPart,
  kvParts,
  type ModelSpec,
  type StateSpec,
} from '../../core/model-spec.js';

/** What the arrays that hold keys and values of a device need to know of the model. */
export interface KvShape {
  /** Those that have keys and values. */
  readonly layers: readonly KvLayer[];
  /** Of each of them where keys and values are integers. */
  readonly numKvHeads: number;
  readonly headDim: number;
  readonly type: KvArrayType;
  /** What a sequence has beside them; null = nothing. */
  readonly state: StateSpec | null;
}

/** Element types that the arrays of a CPU may have. */
export type KvArrayType = 'f32' | 'i8';
export type KvArray = Float32Array<ArrayBuffer> | Int8Array<ArrayBuffer>;

/** The model's {@link KvShape}; `headDim` has the padding of the cache. */
export function kvShapeOf(spec: ModelSpec): KvShape {
  const { numKvHeads, headDim, kvType, state } = spec;
  const layers = kvLayersOf(spec);
  return { layers, numKvHeads, headDim, type: kvType === 'i8' ? 'i8' : 'f32', state };
}

/** What an array holds. */
export interface KvArrayLayer extends KvLayer {
  readonly part: KvPart;
}

/** What each array holds, in the order of the arrays: keys and values of a layer, then those of the next. */
export function layersOfArrays({ layers }: KvShape): readonly KvArrayLayer[] {
  return layers.flatMap((layer) => kvParts(layer).map((part) => ({ ...layer, part })));
}

/** Elements of a token over all arrays. */
export function tokenElements(shape: KvShape): number {
  return layersOfArrays(shape).reduce(
    (sum, { numKvHeads, headDim }) => sum + numKvHeads * headDim,
    0,
  );
}

/** V8 allows no longer typed array. */
export const MAX_ARRAY_ELEMENTS = 2 ** 32 - 1;

/**
 * malloc maps what is larger than this anew, whatever was freed before. Smaller blocks it may take from a heap
 * and clear by writing, and then all of their bytes are resident.
 */
const ALWAYS_MAPPED_BYTES = 33 * 2 ** 20;

/** Zeros that take memory where they are first written, and until then only addresses. */
export function virtualArray(type: KvArrayType, elements: number): KvArray {
  const ofType = type === 'i8' ? Int8Array : Float32Array;
  const bytes = Math.max(ALWAYS_MAPPED_BYTES, elements * ofType.BYTES_PER_ELEMENT);
  return new ofType(new ArrayBuffer(bytes), 0, elements);
}

/** An empty array of the same element type. */
export function arrayLike(array: KvArray, elements: number): KvArray {
  return array instanceof Int8Array ? new Int8Array(elements) : new Float32Array(elements);
}

/**
 * Frees the memory of arrays that nobody uses any more; they are empty afterwards. The garbage collector sees
 * little reason to hurry, since the bytes lie outside its heap: so they are sent to a port that closes.
 */
export async function discard(arrays: readonly KvArray[]): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  // A thread with nothing else to do would not wait for it.
  port1.ref();
  const closed = once(port1, 'close');
  port1.postMessage(
    null,
    arrays.map((array) => array.buffer),
  );
  port2.close();
  await closed;
}
