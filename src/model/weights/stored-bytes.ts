import { elements } from '../elements.js';
import { packedBytes, type StoredTensor } from './packing.js';
import { DTYPE_BYTES } from './weight-store.js';

/** Bytes in its files that a tensor's numbers are made of. */
export function storedBytes({ dtype, packing, shape }: StoredTensor): number {
  const count = elements(shape);
  if (packing === null) return count * DTYPE_BYTES[dtype];
  if (packing.kind === 'blocks') return packedBytes(packing.encoding, count);
  if (packing.kind === 'view') {
    return (storedBytes(packing.of) / elements(packing.of.shape)) * count;
  }
  return Object.values(packing.parts).reduce((total, part) => total + part.byteLength, 0);
}
