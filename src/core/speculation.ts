/** `--speculative-algorithm`, resolved. A plain value: it crosses threads by copy. */
export type Speculation = NgramSpeculation | StandaloneSpeculation;

export interface NgramSpeculation {
  readonly algorithm: 'NGRAM';
  /** Most rows of one verification: the last token's and those of its drafts. */
  readonly numDraftTokens: number;
  /** Last tokens that must stand at an earlier place before what followed there is a draft. */
  readonly minMatch: number;
  /** Most that are ever asked for: after drafts that were wrong, more than `minMatch` are. */
  readonly maxMatch: number;
}

/** Drafts of a smaller model beside the served one. */
export interface StandaloneSpeculation {
  readonly algorithm: 'STANDALONE';
  readonly numDraftTokens: number;
  /** A request drafts while so many of its last {@link DRAFTS_JUDGED} drafts were right. */
  readonly minHits: number;
}

/** Drafts of a draft model that are judged together. */
export const DRAFTS_JUDGED = 16;

/** What a device needs to speculate for the request in a slot. */
export type SlotSpeculation = Speculation & {
  /** `[promptLen]` */
  readonly promptIds: Int32Array;
};
