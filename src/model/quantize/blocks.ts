/** Columns of K that share a scale. */
export const BLOCK_SIZE = 32;

/** `MatMulNBits` operands of some rows: see `BlockLinear` for the layout. */
export interface QuantizedBlocks {
  readonly weight: Uint8Array;
  readonly scales: Float32Array;
}

/**
 * Symmetric blocks of 32 along K, `weights [n, K]` row-major with K a multiple of 32. Values are
 * offset by half the range (128 or 8), which is what `MatMulNBits` subtracts without zero points.
 */
export function quantizeBlocks(weights: Float32Array, bits: 8 | 4): QuantizedBlocks {
  const scales = blockScales(weights, bits);
  const weight = bits === 8 ? encode8(weights, scales) : encode4(weights, scales);
  return { weight, scales };
}

/**
 * 8 bits: largest magnitude / 127. 4 bits have one value more below zero than above: the extreme of
 * the block takes it (-8), whatever its sign, so the scale may be negative.
 */
function blockScales(weights: Float32Array, bits: 8 | 4): Float32Array {
  const scales = new Float32Array(weights.length / BLOCK_SIZE);
  for (let block = 0; block < scales.length; block++) {
    let extreme = 0;
    for (let i = block * BLOCK_SIZE; i < (block + 1) * BLOCK_SIZE; i++) {
      const w = weights[i] as number;
      if (!(Math.abs(w) <= Math.abs(extreme))) extreme = w;
    }
    scales[block] = extreme === 0 ? 1 : bits === 8 ? Math.abs(extreme) / 127 : extreme / -8;
  }
  return scales;
}

function encode8(weights: Float32Array, scales: Float32Array): Uint8Array {
  const encoded = new Uint8Array(weights.length);
  for (let block = 0; block < scales.length; block++) {
    const inverse = 1 / (scales[block] as number);
    for (let i = block * BLOCK_SIZE; i < (block + 1) * BLOCK_SIZE; i++) {
      encoded[i] = Math.round((weights[i] as number) * inverse) + 128;
    }
  }
  return encoded;
}

/** Two values a byte, the earlier column in the low half. */
function encode4(weights: Float32Array, scales: Float32Array): Uint8Array {
  const encoded = new Uint8Array(weights.length / 2);
  for (let block = 0; block < scales.length; block++) {
    const inverse = 1 / (scales[block] as number);
    for (let i = block * BLOCK_SIZE; i < (block + 1) * BLOCK_SIZE; i += 2) {
      const low = nibble((weights[i] as number) * inverse);
      const high = nibble((weights[i + 1] as number) * inverse);
      encoded[i >> 1] = low | (high << 4);
    }
  }
  return encoded;
}

function nibble(value: number): number {
  return Math.min(15, Math.max(0, Math.round(value) + 8));
}
