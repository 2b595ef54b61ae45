import type { Cost, RowCosts } from '../../core/speculation.js';

/** The run that a turn's rows are in. */
export interface TurnRun {
  /** Requests that it decodes, this one among them. */
  readonly numDecoding: number;
  /** Nothing but this request is in it. */
  readonly isLone: boolean;
  /** Rows that the request has. */
  readonly numKeys: number;
}

/** What drafts cost, in tokens that the run would bring in the same time without them. */
export interface TurnPrice {
  /** Having any. */
  readonly any: number;
  /** Each of them. */
  readonly each: number;
}

/** So much more must be expected of drafts than they cost: both are estimates. */
const MARGIN = 1.2;

/** By the batch and the contexts alone: no clock. */
export function turnPrice(
  { decodeRow, draftRow, draftSequence }: RowCosts,
  { numDecoding, isLone, numKeys }: TurnRun,
): TurnPrice {
  const costOf = ({ base, perKey }: Cost): number => base + perKey * numKeys;
  const perToken = (1 + (numDecoding - 1) * costOf(decodeRow)) / numDecoding;
  return {
    any: isLone ? 0 : (MARGIN * costOf(draftSequence)) / perToken,
    each: (MARGIN * costOf(draftRow)) / perToken,
  };
}

/**
 * How many drafts to have: so many that the most is won by them.
 *
 * @param chances of each of them, that it is right if those before it are
 */
export function numDraftsWorth(chances: readonly number[], { any, each }: TurnPrice): number {
  let allRight = 1;
  let won = -any;
  let best = { won: 0, count: 0 };
  for (const [i, chance] of chances.entries()) {
    allRight *= chance;
    won += allRight - each;
    if (won > best.won) best = { won, count: i + 1 };
  }
  return best.count;
}
