import type { FloatType } from '../../core/model-spec.js';
import { F16_VALUES } from './half.js';

/** Stored bytes as numbers. Little-endian, as the format and every machine here is. */
export function decodeFloats(bytes: Uint8Array, dtype: FloatType): Float32Array {
  if (dtype === 'f32') return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  return dtype === 'bf16' ? decodeBf16(halves) : decodeF16(halves);
}

function decodeBf16(halves: Uint16Array): Float32Array {
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) bits[i] = (halves[i] as number) << 16;
  return new Float32Array(bits.buffer);
}

function decodeF16(halves: Uint16Array): Float32Array {
  const floats = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) floats[i] = F16_VALUES[halves[i] as number] as number;
  return floats;
}

/** IEEE half precision of `floats`, rounded to nearest even; beyond 65,504 becomes infinite. */
export function encodeF16(floats: Float32Array): Uint16Array {
  const bits = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  const halves = new Uint16Array(floats.length);
  for (let i = 0; i < floats.length; i++) {
    const word = bits[i] as number;
    halves[i] = ((word >>> 16) & 0x8000) | halfMagnitude(word & 0x7fffffff, floats[i] as number);
  }
  return halves;
}

function halfMagnitude(magnitude: number, value: number): number {
  if (magnitude > 0x7f800000) return 0x7e00;
  if (magnitude >= 0x477ff000) return 0x7c00;
  // Below the smallest normal number: the spacing is constant, 2^-24.
  if (magnitude < 0x38800000) return roundHalfEven(Math.abs(value) * 2 ** 24);
  const odd = (magnitude >>> 13) & 1;
  return (magnitude - 0x38000000 + 0xfff + odd) >>> 13;
}

/** To the nearest integer, of two as near to the even one. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}
