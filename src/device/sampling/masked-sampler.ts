/** Draws from what a mask leaves of a row, mostly from the best tokens alone. */
import type { SamplingParams } from '../../core/sampling-params.js';
import { logprobRow, type HeadRows } from './head-rows.js';
import { firstAllowed, isAllowed } from './masked-row.js';
import { isUnfiltered, NEEDS_FULL_ROW, sampleTail } from './sampler.js';

/** The best tokens' probabilities are sums of float32 values. */
const ROUNDING = 1e-5;

/** Those of the best tokens that may come, best first. */
interface Allowed {
  readonly ids: readonly number[];
  readonly values: readonly number[];
  readonly probabilities: readonly number[];
  /** Of all of them. */
  readonly mass: number;
  /** At most of the tokens that may come and are not among the best. */
  readonly restMass: number;
}

/**
 * The token at `u` of the row that {@link maskRow} would make, or {@link NEEDS_FULL_ROW}. How much the mask leaves
 * in all is known only roughly from the best tokens. The token grows with it, so that where the least and the most
 * that it can be give the same one, that is it; else it is summed up.
 */
export function sampleAllowed(
  head: HeadRows,
  row: number,
  mask: Int32Array,
  params: SamplingParams,
  u: number,
): number {
  if (params.topK === 1) return firstAllowed(head, row, mask) ?? NEEDS_FULL_ROW;
  const allowed = allowedOf(head, row, mask);
  const { mass, restMass } = allowed;
  const least = mass > 0 ? pick(allowed, mass, params, u) : NEEDS_FULL_ROW;
  if (least !== NEEDS_FULL_ROW && least === pick(allowed, mass + restMass, params, u)) return least;
  if (!isUnfiltered(params, head.vocabSize)) return NEEDS_FULL_ROW;
  return sampleSummed(allowed, { head, row, mask, u });
}

function allowedOf(head: HeadRows, row: number, mask: Int32Array): Allowed {
  const from = row * head.topCount;
  const ids: number[] = [];
  const values: number[] = [];
  const probabilities: number[] = [];
  let mass = 0;
  let topMass = 0;
  for (let i = from; i < from + head.topCount; i++) {
    const value = head.topValues[i] ?? -Infinity;
    const probability = Math.exp(value);
    const id = Number(head.topIds[i]);
    topMass += probability;
    if (value === -Infinity || !isAllowed(mask, id)) continue;
    ids.push(id);
    values.push(value);
    probabilities.push(probability);
    mass += probability;
  }
  const isAll = head.topCount === head.vocabSize;
  return {
    ids,
    values,
    probabilities,
    mass,
    restMass: isAll ? 0 : Math.max(0, 1 - topMass) + ROUNDING,
  };
}

/** The token if all that may come had `total`; {@link NEEDS_FULL_ROW} where it is not among the best. */
function pick(
  { ids, values, probabilities, mass }: Allowed,
  total: number,
  params: SamplingParams,
  u: number,
): number {
  const { topK, topP, minP } = params;
  const numCandidates = Math.min(topK, ids.length);
  const isOpen = topK > ids.length;
  const filtered = minP === 0 || isOpen ? total : sumOf(probabilities, numCandidates);
  const limit = topP < 1 ? topP * filtered : Infinity;
  const floor = (values[0] ?? 0) + Math.log(minP);
  let sum = 0;
  let count = 0;
  for (; count < numCandidates; count++) {
    if ((values[count] ?? -Infinity) < floor || (sum >= limit && count > 0)) break;
    sum += probabilities[count] ?? 0;
  }
  const isClosed = !isOpen || count < numCandidates || sum >= limit;
  const target = u * (isClosed ? sum : sum + total - mass);
  let before = 0;
  for (let i = 0; i < count; i++) {
    before += probabilities[i] ?? 0;
    if (before > target) return ids[i] ?? NEEDS_FULL_ROW;
  }
  return isClosed ? (ids[count - 1] ?? NEEDS_FULL_ROW) : NEEDS_FULL_ROW;
}

interface Summed {
  readonly head: HeadRows;
  readonly row: number;
  readonly mask: Int32Array;
  readonly u: number;
}

/** Nothing is filtered: the best tokens by falling probability, then the others by rising id. */
function sampleSummed(allowed: Allowed, { head, row, mask, u }: Summed): number {
  const target = u * allowedMass(logprobRow(head, row), mask);
  let sum = 0;
  for (const [i, probability] of allowed.probabilities.entries()) {
    sum += probability;
    if (sum > target) return allowed.ids[i] ?? NEEDS_FULL_ROW;
  }
  const token = allowed.ids.at(-1) ?? NEEDS_FULL_ROW;
  return sampleTail(head, row, { sum, token, target, mask });
}

/**
 * A row is normalised, so that the side with fewer tokens is summed: a mask mostly allows nearly all or nearly
 * none. What is left of 1 is only trusted while it is large enough to hide float32's rounding.
 */
function allowedMass(values: Float32Array, mask: Int32Array): number {
  if (2 * countAllowed(mask) > values.length) {
    const mass = 1 - massWhere(values, mask, FORBIDDEN);
    if (mass > 0.5) return mass;
  }
  return massWhere(values, mask, ALLOWED);
}

/** What the words of a mask are xored with for the tokens to be those that may come, or those that may not. */
const ALLOWED = 0;
const FORBIDDEN = -1;

function massWhere(values: Float32Array, mask: Int32Array, flip: number): number {
  let sum = 0;
  for (let first = 0; first < values.length; first += 32) {
    const bits = (mask[first >> 5] ?? 0) ^ flip;
    if (bits === 0) continue;
    const end = Math.min(values.length, first + 32);
    for (let id = first; id < end; id++) {
      if (((bits >>> (id & 31)) & 1) === 1) sum += Math.exp(values[id] ?? -Infinity);
    }
  }
  return sum;
}

function countAllowed(mask: Int32Array): number {
  let count = 0;
  for (const word of mask) count += numBits(word);
  return count;
}

/** Bits of 32 that are set, summed in pairs, fours and bytes ("Hacker's Delight", 5-1). */
function numBits(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

function sumOf(values: readonly number[], count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += values[i] ?? 0;
  return sum;
}
