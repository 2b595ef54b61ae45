import type { SamplingParams } from '../../core/sampling-params.js';
import { argmax, FullRowSampler } from './full-row.js';
import { logprobRow, type HeadRows } from './head-rows.js';
import { isAllowed } from './masked-row.js';

/** What {@link sampleTop} answers when the best tokens alone cannot decide. */
export const NEEDS_FULL_ROW = -1;

/**
 * Picks tokens under top-k, top-p and min-p, as SGLang's sampler does: without `min_p` a token must pass
 * top-k and top-p of one distribution ("joint"), with it top-p is of what top-k leaves. Most draws end among the 64 best tokens that the graph has
 * sorted; the whole row is read only when a filter or the draw reaches past them.
 */
export class Sampler {
  readonly #fullRow = new FullRowSampler();

  /** A row as the graph gave it. `u` in [0, 1). */
  sample(head: HeadRows, row: number, params: SamplingParams, u: number): number {
    const token = sampleTop(head, row, params, u);
    if (token !== NEEDS_FULL_ROW) return token;
    const values = logprobRow(head, row);
    if (isUnfiltered(params, head.vocabSize)) {
      const from = row * head.topCount;
      const token = Number(head.topIds[from + head.topCount - 1]);
      return sampleTail(head, row, { sum: massOf(head, from, head.topCount), token, target: u });
    }
    return this.#fullRow.sample(values, params, u);
  }

  /** A row `[vocabSize]` of log-probabilities that penalties or masks have changed. */
  sampleAdjusted(row: Float32Array, params: SamplingParams, u: number): number {
    return params.topK === 1 ? argmax(row) : this.#fullRow.sample(row, params, u);
  }
}

/** The token, or {@link NEEDS_FULL_ROW}; the same as {@link FullRowSampler} gives, where it answers. */
export function sampleTop(head: HeadRows, row: number, params: SamplingParams, u: number): number {
  const from = row * head.topCount;
  if (params.topK === 1) return Number(head.topIds[from]);
  const support = supportOf(head, from, params);
  if (support === null) return NEEDS_FULL_ROW;
  const target = u * support.mass;
  let sum = 0;
  for (let i = 0; i < support.count; i++) {
    sum += Math.exp(head.topValues[from + i] ?? -Infinity);
    if (sum > target) return Number(head.topIds[from + i]);
  }
  return support.closed ? Number(head.topIds[from + support.count - 1]) : NEEDS_FULL_ROW;
}

/** Where a walk through a row stands when the best tokens are behind it. */
export interface Tail {
  /** Mass of those that were passed. */
  readonly sum: number;
  /** The last of them: it is taken where none follows. */
  readonly token: number;
  /** Mass at which it ends. */
  readonly target: number;
  /** Which of the others may come; absent = all. */
  readonly mask?: Int32Array;
}

/**
 * The token at which the mass passes `target` when nothing is filtered and the best tokens end before it. The
 * others follow in the order of their ids: any order draws from the same distribution, and this one ends half-way
 * on average.
 */
export function sampleTail(head: HeadRows, row: number, tail: Tail): number {
  const values = logprobRow(head, row);
  const lastTop = (row + 1) * head.topCount - 1;
  const lastValue = head.topValues[lastTop] ?? -Infinity;
  const lastId = Number(head.topIds[lastTop]);
  let { sum, token } = tail;
  for (let id = 0; id < values.length; id++) {
    const value = values[id] ?? -Infinity;
    const isTop = value > lastValue || (value === lastValue && id <= lastId);
    if (isTop || value === -Infinity) continue;
    if (tail.mask !== undefined && !isAllowed(tail.mask, id)) continue;
    sum += Math.exp(value);
    token = id;
    if (sum > tail.target) break;
  }
  return token;
}

/** Every token may be drawn. */
export function isUnfiltered(params: SamplingParams, vocabSize: number): boolean {
  return params.topK >= vocabSize && params.topP >= 1 && params.minP === 0;
}

interface Support {
  /** The first so many of the best tokens. */
  readonly count: number;
  /** Probability of all that may be chosen. */
  readonly mass: number;
  /** False when tokens after the best ones may be chosen too. */
  readonly closed: boolean;
}

function supportOf(head: HeadRows, from: number, params: SamplingParams): Support | null {
  const { topCount, vocabSize } = head;
  const all = topCount === vocabSize;
  const unlimited = params.topK >= vocabSize;
  if (params.topK > topCount && !unlimited) return null;
  const candidates = Math.min(params.topK, topCount);
  const isJoint = params.minP === 0;
  const total =
    (unlimited || isJoint) && !all ? 1 : massOf(head, from, isJoint ? topCount : candidates);
  const limit = params.topP < 1 ? params.topP * total : Infinity;
  const floor = (head.topValues[from] ?? 0) + Math.log(params.minP);
  let sum = 0;
  let count = 0;
  for (; count < candidates; count++) {
    const value = head.topValues[from + count] ?? -Infinity;
    if (value < floor || value === -Infinity || (sum >= limit && count > 0)) break;
    sum += Math.exp(value);
  }
  const closed = count < candidates || !unlimited || all || sum >= limit;
  if (closed) return { count, mass: sum, closed };
  if (params.topP < 1 || params.minP > 0) return null;
  return { count, mass: 1, closed };
}

function massOf(head: HeadRows, from: number, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += Math.exp(head.topValues[from + i] ?? -Infinity);
  return sum;
}
