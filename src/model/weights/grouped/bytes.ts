import { F16_VALUES } from '../half.js';

/** What a byte alone can be. */
export type ByteEncoding = 'f8_e4m3' | 'f8_e5m2' | 'i8' | 'e8m0';

/** The numbers of all 256 bytes. */
export const BYTE_VALUES: Readonly<Record<ByteEncoding, Float32Array>> = {
  f8_e4m3: Float32Array.from({ length: 256 }, (_, byte) => e4m3(byte)),
  // The upper half of a half-precision number.
  f8_e5m2: Float32Array.from({ length: 256 }, (_, byte) => F16_VALUES[byte << 8] as number),
  i8: Float32Array.from({ length: 256 }, (_, byte) => (byte << 24) >> 24),
  // A power of two, as OCP's Microscaling Formats have for a scale.
  e8m0: Float32Array.from({ length: 256 }, (_, byte) => (byte === 255 ? NaN : 2 ** (byte - 127))),
};

/** OCP's FP8 E4M3 as PyTorch's `float8_e4m3fn` has it: no infinities, NaN where all bits but the sign are set. */
function e4m3(byte: number): number {
  const sign = byte & 0x80 ? -1 : 1;
  const exponent = (byte >> 3) & 15;
  const fraction = byte & 7;
  if (exponent === 15 && fraction === 7) return Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -9;
  return sign * (1 + fraction / 8) * 2 ** (exponent - 7);
}
