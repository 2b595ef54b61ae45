import { once } from 'node:events';
import { totalmem } from 'node:os';
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

/**
 * Arrays lie in blocks of so many bytes, as long as they fit: at each block the garbage collector looks at the whole heap.
 * A system that promises no more memory than it has refuses blocks that are much of it.
 */
const BLOCK_BYTES = Math.min(2 ** 30, Math.floor(totalmem() / 4));
/** No page of memory has rows of two arrays. */
const PAGE_BYTES = 4096;

/** Zeros that take memory where they are first written, and until then only addresses: an array of each length. */
export function virtualArrays(type: KvArrayType, lengths: readonly number[]): KvArray[] {
  const ofType = type === 'i8' ? Int8Array : Float32Array;
  const bytesOf = (length: number): number =>
    Math.ceil((length * ofType.BYTES_PER_ELEMENT) / PAGE_BYTES) * PAGE_BYTES;
  const arrays: KvArray[] = [];
  for (let begin = 0; begin < lengths.length;) {
    const room = blockRoom(lengths.slice(begin).map(bytesOf));
    const block = new ArrayBuffer(Math.max(ALWAYS_MAPPED_BYTES, room.bytes));
    let at = 0;
    for (const length of lengths.slice(begin, begin + room.count)) {
      arrays.push(new ofType(block, at, length));
      at += bytesOf(length);
    }
    begin += room.count;
  }
  return arrays;
}

/** How many of the first arrays lie in one block, one at least, and the bytes of it. */
function blockRoom(sizes: readonly number[]): { readonly count: number; readonly bytes: number } {
  let [count, bytes] = [0, 0];
  for (const size of sizes) {
    if (count > 0 && bytes + size > BLOCK_BYTES) break;
    count += 1;
    bytes += size;
  }
  return { count, bytes };
}

/** An empty array of the same element type. */
export function arrayLike(array: KvArray, elements: number): KvArray {
  return array instanceof Int8Array ? new Int8Array(elements) : new Float32Array(elements);
}

/**
 * Frees the memory of arrays that nobody uses any more, with their blocks; they are empty afterwards. The garbage
 * collector sees little reason to hurry, since the bytes lie outside its heap: so they are sent to a port that closes.
 */
export async function discard(arrays: readonly KvArray[]): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  // A thread with nothing else to do would not wait for it.
  port1.ref();
  const closed = once(port1, 'close');
  port1.postMessage(null, [...new Set(arrays.map((array) => array.buffer))]);
  port2.close();
  await closed;
}
