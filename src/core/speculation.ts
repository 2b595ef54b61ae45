/** `--speculative-algorithm NGRAM`, resolved. A plain value: it crosses threads by copy. */
export interface Speculation {
  /** Most rows of one verification: the last token's and those of its drafts. */
  readonly numDraftTokens: number;
  /** Last tokens that must stand at an earlier place before what followed there is a draft. */
  readonly minMatch: number;
  /** Most that are ever asked for: after drafts that were wrong, more than `minMatch` are. */
  readonly maxMatch: number;
}

/** What a device needs to speculate for the request in a slot. */
export interface SlotSpeculation extends Speculation {
  /** `[promptLen]`: where drafts are looked up first. */
  readonly promptIds: Int32Array;
}
