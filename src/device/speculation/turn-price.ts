import type { Cost, RowCosts } from '../../core/speculation.js';

/** The run that a turn's rows are in. */
export interface TurnRun {
  /** Requests that it decodes, this one among them. */
  readonly numDecoding: number;
  /** So many of them may draft, and share the runs of a draft model. */
  readonly numDrafting: number;
  /** Most that were in a run lately, those that were still extended among them. */
  readonly numLately: number;
  /** Nothing but this request is in it. */
  readonly isLone: boolean;
  /** Rows that the request has. */
  readonly numKeys: number;
}

/** What drafts cost and bring, in steps that decode one request alone. */
export interface TurnPrice {
  /** What a token is worth. */
  readonly perToken: number;
  /** Having any draft. */
  readonly any: number;
  /** The rows of each. */
  readonly each: number;
  /** The part in a run of the draft model, which each draft takes; 0 = there is none. */
  readonly draftRun: number;
  /** The request's part in a step. */
  readonly share: number;
}

/** Drafts that are worth it; none is `count` 0. */
export interface Worth {
  readonly count: number;
  /** Expected beyond their cost, in steps. */
  readonly won: number;
  /** Expected tokens of the turn. */
  readonly numTokens: number;
}

const NOTHING: Worth = { count: 0, won: 0, numTokens: 1 };

/** So much more must be expected of drafts than they cost: both are estimates. */
export const MARGIN = 1.2;

/**
 * By the batch and the contexts alone: no clock. What a token is worth in a batch is between its share of a step, which it
 * saves where another request is waiting for the seat, and the row that it saves where those beside it go on alone. Costs
 * have the margin in them.
 */
export function turnPrice(
  { decodeRow, draftRow, draftSequence, draftModel }: RowCosts,
  { numDecoding, numDrafting, isLone, numKeys }: TurnRun,
): TurnPrice {
  const costOf = ({ base, perKey }: Cost): number => base + perKey * numKeys;
  const row = costOf(decodeRow);
  const partOf = (numSharing: number): number => (1 + (numSharing - 1) * row) / numSharing;
  const share = partOf(numDecoding);
  return {
    perToken: numDecoding === 1 ? share : (share + row) / 2,
    any: isLone ? 0 : MARGIN * costOf(draftSequence),
    each: MARGIN * costOf(draftRow),
    draftRun: MARGIN * (draftModel?.run ?? 0) * partOf(numDrafting),
    share,
  };
}

/**
 * How many drafts to have: so many that the most is won by them.
 *
 * @param chanceOf of each of at most `most` drafts: that it is right if those before it are
 */
export function draftsWorth(
  most: number,
  chanceOf: (index: number) => number,
  { perToken, any, each }: Pick<TurnPrice, 'perToken' | 'any' | 'each'>,
): Worth {
  let allRight = 1;
  let won = -any;
  let numTokens = 1;
  let best = NOTHING;
  for (let i = 0; i < most; i++) {
    allRight *= chanceOf(i);
    // Those behind it are no likelier.
    if (allRight * perToken <= each) break;
    won += allRight * perToken - each;
    numTokens += allRight;
    if (won > best.won) best = { count: i + 1, won, numTokens };
  }
  return best;
}
