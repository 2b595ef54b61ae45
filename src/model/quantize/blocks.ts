import type { BlockSize } from '../target.js';

/** `MatMulNBits` operands of some rows: see `BlockLinear` for the layout. */
export interface QuantizedBlocks {
  readonly weight: Uint8Array;
  readonly scales: Float32Array;
}

/** What a block is. */
export interface BlockShape {
  readonly bits: 8 | 4;
  /**
   * Columns of K that share a scale. The CPU's runtime rounds activations in the same blocks: on
   * SmolLM2-135M-Instruct 8 bits in blocks of 32 cost 0.0031 nats of KL, in blocks of 16 0.0021, for 8 % more bytes
   * and the same speed in decode. 4 bits take 16 as well there: with 32 the AVX2 kernel gives a row alone other bits
   * than the same row among others, with 16 it does not (docs/decisions/0003). A GPU's fast kernels want 32.
   */
  readonly size: BlockSize;
}

/**
 * Symmetric blocks along K, `weights [n, K]` row-major with K a multiple of the block, finite. Values are
 * offset by half the range (128 or 8), which is what `MatMulNBits` subtracts without zero points.
 */
export function quantizeBlocks(weights: Float32Array, shape: BlockShape): QuantizedBlocks {
  const scales = blockScales(weights, shape);
  const encode = shape.bits === 8 ? encode8 : encode4;
  const weight = encode(weights, scales, shape.size);
  return { weight, scales };
}

/**
 * 8 bits: largest magnitude / 127. 4 bits have one value more below zero than above: the extreme of
 * the block takes it (-8), whatever its sign, so the scale may be negative.
 */
function blockScales(weights: Float32Array, { bits, size }: BlockShape): Float32Array {
  const scales = new Float32Array(weights.length / size);
  for (let block = 0; block < scales.length; block++) {
    let extreme = 0;
    for (let i = block * size; i < (block + 1) * size; i++) {
      const w = weights[i] as number;
      if (Math.abs(w) > Math.abs(extreme)) extreme = w;
    }
    scales[block] = extreme === 0 ? 1 : bits === 8 ? Math.abs(extreme) / 127 : extreme / -8;
  }
  return scales;
}

/** Storing into bytes truncates: + ½ rounds to nearest. */
function encode8(weights: Float32Array, scales: Float32Array, size: BlockSize): Uint8Array {
  const encoded = new Uint8Array(weights.length);
  for (let block = 0; block < scales.length; block++) {
    const inverse = 1 / (scales[block] as number);
    for (let i = block * size; i < (block + 1) * size; i++) {
      encoded[i] = (weights[i] as number) * inverse + 128.5;
    }
  }
  return encoded;
}

/** Two values a byte, the earlier column in the low half. */
function encode4(weights: Float32Array, scales: Float32Array, size: BlockSize): Uint8Array {
  const encoded = new Uint8Array(weights.length / 2);
  for (let block = 0; block < scales.length; block++) {
    const inverse = 1 / (scales[block] as number);
    for (let i = block * size; i < (block + 1) * size; i += 2) {
      const low = nibble((weights[i] as number) * inverse);
      const high = nibble((weights[i + 1] as number) * inverse);
      encoded[i >> 1] = low | (high << 4);
    }
  }
  return encoded;
}

/** `value` in `[-8, 8]`, rounded to nearest. */
function nibble(value: number): number {
  return Math.min(15, (value + 8.5) | 0);
}
