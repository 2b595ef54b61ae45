import type { HeadRows } from './head-rows.js';
import { normalize } from './penalties.js';

/** Bit `id % 32` of word `id / 32` = the token may come. */
export function isAllowed(mask: Int32Array, id: number): boolean {
  return (((mask[id >> 5] ?? 0) >>> (id & 31)) & 1) === 1;
}

/** The most probable token that may come, if it is among those that the graph has sorted. */
export function firstAllowed(head: HeadRows, row: number, mask: Int32Array): number | null {
  const from = row * head.topCount;
  for (let i = from; i < from + head.topCount; i++) {
    const id = Number(head.topIds[i]);
    if (isAllowed(mask, id)) return head.topValues[i] === -Infinity ? null : id;
  }
  return null;
}

/**
 * Writes the log-probabilities of the tokens that may come to `out` `[vocabSize]`, normalised; all others are
 * never drawn. False = none has a probability.
 */
export function maskRow(out: Float32Array, row: Float32Array, mask: Int32Array): boolean {
  let isPossible = false;
  for (let word = 0; word < mask.length; word++) {
    const bits = mask[word] ?? 0;
    const end = Math.min(out.length, 32 * word + 32);
    for (let id = 32 * word; id < end; id++) {
      const value = ((bits >>> (id & 31)) & 1) === 1 ? (row[id] ?? -Infinity) : -Infinity;
      out[id] = value;
      isPossible ||= value > -Infinity;
    }
  }
  if (isPossible) normalize(out);
  return isPossible;
}
