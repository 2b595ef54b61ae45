/**
 * A way in which numbers are packed into blocks of bytes, each block with its own scale. The names and layouts are
 * ggml's. Products and sums of a block have at most 24 bits, so f32 holds what is computed here exactly up to one
 * last rounding: the order of operations does not matter.
 */
export interface BlockType {
  /** Numbers of a block. */
  readonly elements: number;
  /** Bytes of a block. */
  readonly bytes: number;
  /** Unpacks whole blocks: `values.length / elements` of them. */
  decode(bytes: Uint8Array, values: Float32Array): void;
}

/** A type from what one block does: `block` at `from` of the bytes goes to `to` of the values. */
export function blockType(
  elements: number,
  bytes: number,
  block: (bytes: Uint8Array, from: number, values: Float32Array, to: number) => void,
): BlockType {
  return {
    elements,
    bytes,
    decode: (packed, values) => {
      const count = values.length / elements;
      for (let i = 0; i < count; i++) block(packed, i * bytes, values, i * elements);
    },
  };
}

/** The byte at `offset`, which is inside by what the caller checked. */
export function byteAt(bytes: Uint8Array, offset: number): number {
  return bytes[offset] as number;
}

/** The same byte as a signed number. */
export function signedAt(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] as number) << 24) >> 24;
}
