import { randomBits } from '../quantize/random.js';

/** Numbers that a random tensor is drawn from, as bf16: a table of a bell curve's quantiles. */
const TABLE_SIZE = 4096;

/**
 * `count` bf16 numbers, about normal with standard deviation `scale`, the same for one seed on every
 * machine. Drawn from a table, because weights come in hundreds of millions.
 */
export function bf16Noise(count: number, scale: number, seed: number): Uint16Array {
  const table = bellTable(scale);
  const next = randomBits(seed);
  const noise = new Uint16Array(count);
  for (let i = 0; i < count; i += 2) {
    const bits = next();
    noise[i] = table[bits & (TABLE_SIZE - 1)] as number;
    if (i + 1 < count) noise[i + 1] = table[(bits >>> 16) & (TABLE_SIZE - 1)] as number;
  }
  return noise;
}

/** Each entry is a sum of uniform numbers, normal enough by the central limit. */
function bellTable(scale: number): Uint16Array {
  const next = randomBits(1);
  const numTerms = 12;
  return Uint16Array.from({ length: TABLE_SIZE }, () => {
    let sum = -numTerms / 2;
    for (let term = 0; term < numTerms; term++) sum += next() / 2 ** 32;
    return toBf16(sum * scale);
  });
}

/** Rounded to nearest; `value` is finite. */
export function toBf16(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer)[0] as number;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}
