import type { DeviceKind } from '../../core/device-kind.js';
import type { BlockLinear, LinearWeight, WeightMap } from './weight-store.js';

/** A scale and the sum of the codes, both f32: the runtime of a CPU keeps them beside its codes. */
const BYTES_PER_BLOCK = 8;

/** Of a matrix in blocks, as the kernels of a CPU hold it. */
export function blockBytes({
  in: width,
  sumColumns = 0,
  out,
  bits,
  blockSize,
}: Pick<BlockLinear, 'in' | 'sumColumns' | 'out' | 'bits' | 'blockSize'>): number {
  return (width + sumColumns) * out * (bits / 8 + BYTES_PER_BLOCK / blockSize);
}

/**
 * Bytes of the weights as a device holds them. On a CPU that is more than their file has: what is packed for the kernels
 * has the sums of blocks too (docs/decisions/0020-memory.md).
 */
export function loadedBytes({ totalBytes, linears }: WeightMap, device: DeviceKind): number {
  if (device !== 'cpu') return totalBytes;
  return Object.values(linears)
    .flatMap(inBlocks)
    .reduce((sum, linear) => sum + blockBytes(linear) - fileBytes(linear), totalBytes);
}

function fileBytes({ weight, scales }: BlockLinear): number {
  return weight.byteLength + scales.byteLength;
}

function inBlocks(linear: LinearWeight): readonly BlockLinear[] {
  switch (linear.format) {
    case 'none':
    case 'w8a8_int8':
      return [];
    case 'parts':
      return linear.parts;
    case 'int8':
    case 'int4':
      return [linear];
  }
}
