import type { Llama3Rope, SettledRope, YarnRope } from '../families/rope-config.js';

/** `[numPositions, headDim / 2] f32` each, as GroupQueryAttention takes them. */
export interface RopeTables {
  readonly cos: Float32Array;
  readonly sin: Float32Array;
}

/**
 * Rotary tables for positions `[0, numPositions)`. Every intermediate is rounded to f32 where
 * transformers rounds it, so that the angles agree at large positions too.
 */
export function ropeTables(rope: SettledRope, headDim: number, numPositions: number): RopeTables {
  const frequencies = inverseFrequencies(rope, headDim);
  const magnitude = magnitudeOf(rope);
  const half = frequencies.length;
  const cos = new Float32Array(numPositions * half);
  const sin = new Float32Array(numPositions * half);
  for (let position = 0; position < numPositions; position++) {
    for (let i = 0; i < half; i++) {
      const angle = Math.fround(position * (frequencies[i] ?? 0));
      cos[position * half + i] = Math.fround(Math.cos(angle)) * magnitude;
      sin[position * half + i] = Math.fround(Math.sin(angle)) * magnitude;
    }
  }
  return { cos, sin };
}

/** Of cos and sin. */
function magnitudeOf(rope: SettledRope): number {
  if (rope.type === 'yarn') return rope.attentionFactor;
  return rope.type === 'factors' ? rope.magnitude : 1;
}

/** `[headDim / 2]`: radians per position of each pair of dimensions. */
export function inverseFrequencies(rope: SettledRope, headDim: number): Float32Array {
  const plain = frequencies(rope.theta, headDim, null);
  switch (rope.type) {
    case 'default':
    case 'dynamic':
      return plain;
    case 'ntk':
      return frequencies(rope.theta * rope.alpha ** (headDim / (headDim - 2)), headDim, null);
    case 'linear':
      return plain.map((frequency) => frequency / rope.factor);
    case 'factors':
      return frequencies(rope.theta, headDim, rope.factors);
    case 'llama3':
      return plain.map((frequency) => llama3Frequency(rope, frequency));
    case 'yarn':
      return yarnFrequencies(rope, headDim, plain);
  }
}

/** Each divided by its own of `factors`; null = by none. */
function frequencies(
  theta: number,
  headDim: number,
  factors: readonly number[] | null,
): Float32Array {
  return Float32Array.from({ length: headDim / 2 }, (_, i) => {
    const wavelength = Math.fround(Math.pow(theta, Math.fround((2 * i) / headDim)));
    return 1 / Math.fround(Math.fround(factors?.[i] ?? 1) * wavelength);
  });
}

/** Long wavelengths are stretched by `factor`, short ones kept, those between interpolated. */
function llama3Frequency(rope: Llama3Rope, frequency: number): number {
  const { factor, lowFreqFactor, highFreqFactor, originalContextLength } = rope;
  const wavelength = (2 * Math.PI) / frequency;
  if (wavelength < originalContextLength / highFreqFactor) return frequency;
  if (wavelength > originalContextLength / lowFreqFactor) return frequency / factor;
  const turns = originalContextLength / wavelength;
  const smooth = (turns - lowFreqFactor) / (highFreqFactor - lowFreqFactor);
  return ((1 - smooth) * frequency) / factor + smooth * frequency;
}

/** YaRN's "NTK by parts" (arXiv 2309.00071, section 3.2). */
function yarnFrequencies(rope: YarnRope, headDim: number, plain: Float32Array): Float32Array {
  const [low, high] = yarnRampBounds(rope, headDim);
  return plain.map((frequency, i) => {
    const ramp = Math.min(1, Math.max(0, (i - low) / (high - low)));
    return (frequency / rope.factor) * ramp + frequency * (1 - ramp);
  });
}

function yarnRampBounds(rope: YarnRope, headDim: number): [low: number, high: number] {
  const dimensionOf = (rotations: number): number =>
    (headDim * Math.log(rope.originalContextLength / (rotations * 2 * Math.PI))) /
    (2 * Math.log(rope.theta));
  const first = dimensionOf(rope.betaFast);
  const last = dimensionOf(rope.betaSlow);
  const low = Math.max(0, rope.truncate ? Math.floor(first) : first);
  const high = Math.min(headDim - 1, rope.truncate ? Math.ceil(last) : last);
  return low === high ? [low, high + 0.001] : [low, high];
}
