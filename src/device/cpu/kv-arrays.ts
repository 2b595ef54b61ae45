import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import type { ModelSpec } from '../../core/model-spec.js';

/** What the arrays that hold keys and values of a device need to know of the model. */
export interface KvShape {
  readonly numLayers: number;
  readonly numKvHeads: number;
  readonly headDim: number;
}

/** The model's {@link KvShape}; `headDim` has the padding of the cache. */
export function kvShapeOf(spec: ModelSpec): KvShape {
  return { numLayers: spec.numLayers, numKvHeads: spec.numKvHeads, headDim: spec.headDim };
}

/** Each layer has an array of keys and one of values, in this order. */
export const KV_PARTS = ['key', 'value'] as const;

/** V8 allows no longer typed array. */
export const MAX_ARRAY_ELEMENTS = 2 ** 32 - 1;

/**
 * malloc maps what is larger than this anew, whatever was freed before. Smaller blocks it may take from a heap
 * and clear by writing, and then all of their bytes are resident.
 */
const ALWAYS_MAPPED_BYTES = 33 * 2 ** 20;

/** Zeros that take memory where they are first written, and until then only addresses. */
export function virtualArray(elements: number): Float32Array<ArrayBuffer> {
  const bytes = Math.max(ALWAYS_MAPPED_BYTES, elements * Float32Array.BYTES_PER_ELEMENT);
  return new Float32Array(new ArrayBuffer(bytes), 0, elements);
}

/**
 * Frees the memory of arrays that nobody uses any more; they are empty afterwards. The garbage collector sees
 * little reason to hurry, since the bytes lie outside its heap: so they are sent to a port that closes.
 */
export async function discard(arrays: readonly Float32Array<ArrayBuffer>[]): Promise<void> {
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
