/** Drafts of one request. */
export interface Drafter {
  /** The next drafts behind the last output, `[count]`, of those that are at hand. */
  draft(count: number): readonly number[];
}

/**
 * For rows whose bits depend on whether they are verified. What it tells of an output goes by the tokens up to there
 * alone, so that an answer has the same bits however its rows are cut, and when they are made again.
 */
export interface SteadyDrafter extends Drafter {
  /** Drafts at hand behind the last output, if its row is verified. */
  readonly numDrafts: number;
  /** Whether the row of output `index`, which is known, is one of a verification. Asked in rising order. */
  isVerified(index: number): boolean;
}

/** For rows whose bits do not: it may draft when it pays. */
export interface FreeDrafter extends Drafter {
  /** Rows that a draft model has to compute before the last output's, as it has not seen them. */
  readonly numUnseen: number;
  /** Drafts that are at hand behind the last output. */
  readonly numDrafts: number;
  /** Of the draft `index` behind the last output: that it is right if those before it are. */
  chanceOf(index: number): number;
}
