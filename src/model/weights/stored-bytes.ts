import { elements } from '../elements.js';
import { packedBytes, type StoredTensor } from './packing.js';
import { DTYPE_BYTES } from './weight-store.js';

/** Bytes in its files that a tensor's numbers are made of, for one of them on average. */
export function bytesPerNumber({ dtype, packing, shape }: StoredTensor): number {
  if (packing === null || packing.kind === 'given') return DTYPE_BYTES[dtype];
  if (packing.kind === 'view') return bytesPerNumber(packing.of);
  const count = elements(shape);
  if (packing.kind === 'blocks') return packedBytes(packing.encoding, count) / count;
  return Object.values(packing.parts).reduce((sum, part) => sum + part.byteLength, 0) / count;
}
