/** The next rows of a request that speculates. */
export interface Turn {
  /** Its rows are those of a verification, a prefill run; false = the first one decodes, and the others follow it. */
  readonly isVerified: boolean;
  /** Tokens to feed that are certain, at least one. */
  readonly known: readonly number[];
  /** Tokens to feed behind them that may turn out wrong. */
  readonly drafts: readonly number[];
  /** The next token is sampled behind `known`; false = it is known already. */
  readonly samples: boolean;
}

export interface TurnRoom {
  /** Most rows of the turn, at least 1. */
  readonly maxRows: number;
  /** Tokens that the request may still put out. */
  readonly numLeft: number;
}
