import type { PrefillRule } from '../backend.js';
import { PREFILL_HEAD_ROWS } from './prefill-runs.js';

/** What a sequence takes of a run of the graph. */
export interface SequenceSize {
  readonly slotId: number;
  readonly numRows: number;
  readonly numHeadRows: number;
}

/**
 * Sequences that the graph extends at once: in their order, never two of one slot, which build on each other, and together
 * no more rows and head rows than a run has. What is too large for any company is a group of its own.
 */
export function groupSequences<T>(
  sequences: readonly T[],
  { maxRows, maxSequences }: PrefillRule,
  sizeOf: (sequence: T) => SequenceSize,
): T[][] {
  const groups: T[][] = [];
  let numRows = Infinity;
  let numHeadRows = 0;
  let slots = new Set<number>();
  for (const sequence of sequences) {
    const size = sizeOf(sequence);
    const fits =
      slots.size < maxSequences &&
      !slots.has(size.slotId) &&
      numRows + size.numRows <= maxRows &&
      numHeadRows + size.numHeadRows <= PREFILL_HEAD_ROWS;
    if (!fits) {
      groups.push([]);
      slots = new Set();
      numRows = 0;
      numHeadRows = 0;
    }
    groups.at(-1)?.push(sequence);
    slots.add(size.slotId);
    numRows += size.numRows;
    numHeadRows += size.numHeadRows;
  }
  return groups;
}
