/**
 * Drafts of one request. What it tells of an output goes by the tokens up to there alone, so that an answer has the same
 * bits however its rows are cut, and when they are made again.
 */
export interface Drafter {
  /** Drafts at hand behind the last output, if its row is verified. */
  readonly numDrafts: number;
  /** Whether the row of output `index`, which is known, is one of a verification. Asked in rising order. */
  isVerified(index: number): boolean;
  /** `[count]`, at most {@link numDrafts}. */
  draft(count: number): readonly number[];
}
