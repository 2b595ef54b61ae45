import type { FloatType } from '../../../core/model-spec.js';
import { DTYPE_BYTES } from '../../weights/weight-store.js';
import { cacheName } from '../contract.js';
import { encodeModel, type OnnxInitializer } from '../onnx.js';

/** What all pages of a device are. */
export interface PageCaches {
  readonly numLayers: number;
  readonly numPages: number;
  readonly pageSizeTokens: number;
  readonly numKvHeads: number;
  readonly headDim: number;
  readonly type: FloatType;
  /** A file of at least {@link cacheBytes} zeros, relative to the weights folder: all caches begin as it. */
  readonly zeros: string;
}

/** Bytes of the keys, or of the values, of one layer. */
export function cacheBytes(caches: Omit<PageCaches, 'zeros' | 'numLayers'>): number {
  const { numPages, pageSizeTokens, numKvHeads, headDim, type } = caches;
  return numPages * pageSizeTokens * numKvHeads * headDim * DTYPE_BYTES[type];
}

/**
 * The graph with its caches. They are appended: protobuf merges two messages by joining their bytes, and the
 * initializers of both are those of the graph.
 */
export function withPageCaches(graph: Uint8Array, caches: PageCaches): Uint8Array {
  const { numLayers, numPages, pageSizeTokens, numKvHeads, headDim, type } = caches;
  const byteLength = cacheBytes(caches);
  const shape = [numPages, pageSizeTokens, numKvHeads, headDim];
  const external = { file: caches.zeros, offset: 0, byteLength, dtype: type, shape };
  const initializers = Array.from({ length: numLayers }, (_, layer): OnnxInitializer[] => [
    { name: cacheName(layer, 'key'), external },
    { name: cacheName(layer, 'value'), external },
  ]).flat();
  const appended = encodeModel({ nodes: [], initializers, inputs: [], outputs: [] });
  return Buffer.concat([graph, appended]);
}
