/** What a draft model must compute before it can draft. */
export interface MissingRows {
  /** Rows of its slot that stay: `[0, from)`. */
  readonly from: number;
  /** Tokens to feed behind them. */
  readonly tokens: readonly number[];
  /** Index of the first of them whose choice matters. */
  readonly headFrom: number;
}

/** What {@link DraftModel} computes for one request. */
export interface ModelDrafts {
  /** Its choice behind a text must be one alone, however the text was computed. */
  readonly isSteady: boolean;
  /** It drafts behind the last output. */
  readonly isOn: boolean;
  /** Drafts that are worth making behind it. */
  readonly numDraftsMax: number;
  /** What must be computed first; null = drafts can be made. */
  missing(): MissingRows | null;
  /** The next rows of the model's slot are there. `choices`: behind each, -1 = not asked. */
  fed(tokens: readonly number[], choices: readonly number[]): void;
  draft(count: number): readonly number[];
}
