/** All 65,536 half-precision numbers, by their bits. */
export const F16_VALUES = Float32Array.from({ length: 0x10000 }, (_, half) => halfValue(half));

function halfValue(half: number): number {
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  const sign = half & 0x8000 ? -1 : 1;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The half-precision number in two bytes, the lower one first. */
export function halfAt(bytes: Uint8Array, offset: number): number {
  return F16_VALUES[(bytes[offset] as number) | ((bytes[offset + 1] as number) << 8)] as number;
}
