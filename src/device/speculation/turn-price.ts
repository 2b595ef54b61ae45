import type { Cost, RowCosts } from '../../core/speculation.js';

/** The run that a turn's rows are in. */
export interface TurnRun {
  /** Requests that it decodes, this one among them. */
  readonly numDecoding: number;
  /** So many of them may draft, and share the runs of a draft model. */
  readonly numDrafting: number;
  /** Nothing but this request is in it. */
  readonly isLone: boolean;
  /** Rows that the request has. */
  readonly numKeys: number;
}

/** What drafts cost, in tokens. */
export interface TurnPrice {
  /** Having any. */
  readonly any: number;
  /** Each of them. */
  readonly each: number;
}

/** So much more must be expected of drafts than they cost: both are estimates. */
const MARGIN = 1.2;

/**
 * By the batch and the contexts alone: no clock. What a token is worth in a batch is between its share of a step, which it
 * saves where another request is waiting for the seat, and the row that it saves where those beside it go on alone.
 */
export function turnPrice(
  { decodeRow, draftRow, draftSequence, draftRun }: RowCosts,
  { numDecoding, numDrafting, isLone, numKeys }: TurnRun,
): TurnPrice {
  const costOf = ({ base, perKey }: Cost): number => base + perKey * numKeys;
  const row = costOf(decodeRow);
  const share = (1 + (numDecoding - 1) * row) / numDecoding;
  const perToken = numDecoding === 1 ? share : (share + row) / 2;
  const sharedRun = (draftRun * (1 + (numDrafting - 1) * row)) / numDrafting;
  return {
    any: isLone ? 0 : (MARGIN * costOf(draftSequence)) / perToken,
    each: (MARGIN * (costOf(draftRow) + sharedRun)) / perToken,
  };
}

/**
 * How many drafts to have: so many that the most is won by them.
 *
 * @param chanceOf of each of at most `most` drafts: that it is right if those before it are
 */
export function numDraftsWorth(
  most: number,
  chanceOf: (index: number) => number,
  { any, each }: TurnPrice,
): number {
  let allRight = 1;
  let won = -any;
  let best = { won: 0, count: 0 };
  for (let i = 0; i < most; i++) {
    allRight *= chanceOf(i);
    // Those behind it are no likelier.
    if (allRight <= each) break;
    won += allRight - each;
    if (won > best.won) best = { won, count: i + 1 };
  }
  return best.count;
}
