import type { ConfigFields } from '../config-fields.js';
import type { ModelConfig } from '../model-config.js';
import { ropeSettings, type RotaryPlan } from '../rope-config.js';

/** How a checkpoint's heads are rotated. */
export interface RotaryTraits {
  readonly rope: RotaryPlan['rope'];
  /** The first so many dimensions of a head. */
  readonly dims: number;
  /** A dimension turns with its neighbour; else with the one half of {@link dims} away. */
  readonly interleaved: boolean;
  /** A dimension turns with the one half a head away, by the frequencies of whole heads. */
  readonly isSpread?: boolean;
}

/** All dimensions of a head, by the model's own settings. */
export function wholeRotary({ rope, headDim }: ModelConfig): RotaryTraits {
  return { rope, dims: headDim, interleaved: false };
}

export interface PartialTraits {
  /** Default: `partial_rotary_factor`. */
  readonly field?: string;
  /** Where config.json does not say it. */
  readonly fallback: number;
  readonly interleaved?: boolean;
}

/** The share of a head's dimensions that config.json says is rotated; transformers 5 has it among those of the rotation. */
export function partialRotary(
  fields: ConfigFields,
  { rope, headDim }: ModelConfig,
  { field = 'partial_rotary_factor', fallback, interleaved = false }: PartialTraits,
): RotaryTraits {
  const newer = ropeSettings(fields)?.positive('partial_rotary_factor', fallback);
  const share = fields.positive(field, newer ?? fallback);
  const dims = Math.trunc(headDim * share);
  if (share > 1 || dims < 2 || dims % 2 !== 0) {
    const holder = fields.has(field) ? fields : (ropeSettings(fields) ?? fields);
    holder.fail(field, `a share of a head of ${headDim} dimensions that is even`);
  }
  return { rope, dims, interleaved };
}

/**
 * Which stored dimension of a head each dimension of the plan is, so that what turns together is half a head apart; null =
 * it is so already. Scores do not change: q and k have the same order.
 */
export function headOrder(rotary: RotaryTraits | null, headDim: number): readonly number[] | null {
  const { isSpread = false } = rotary ?? {};
  if (rotary === null || isSpread || (rotary.dims === headDim && !rotary.interleaved)) return null;
  const { dims, interleaved } = rotary;
  const pairs = dims / 2;
  const half = headDim / 2;
  return Array.from({ length: headDim }, (_, at) => {
    const [inHalf, second] = [at % half, at < half ? 0 : 1];
    if (inHalf < pairs) return interleaved ? 2 * inHalf + second : inHalf + second * pairs;
    return dims + second * (half - pairs) + (inHalf - pairs);
  });
}

/** What attention reads q and k as once they have that order. */
export function rotaryPlan(
  { rope, dims, isSpread = false }: RotaryTraits,
  headDim: number,
): RotaryPlan {
  return isSpread ? { rope, dims, ofDims: headDim } : { rope, dims };
}

/** Name of what a checkpoint has as `name`, each head in the order that the plan rotates. */
export function halves(name: string): string {
  return `${name} in halves`;
}
