/** `--speculative-algorithm`, resolved. A plain value: it crosses threads by copy. */
export type Speculation = NgramSpeculation | StandaloneSpeculation;

interface SpeculationBase {
  /**
   * What rows cost, where those of a verification have the bits of decode rows (K and V in integers): then how many are
   * drafted goes by it. Null = they have other bits, so who is verified goes by the tokens alone.
   */
  readonly costs: RowCosts | null;
}

/** In steps that decode one request alone, with a context of no keys. */
export interface RowCosts {
  /** A request that decodes beside others. */
  readonly decodeRow: Cost;
  /** A draft in the run that decodes. */
  readonly draftRow: Cost;
  /** Null = there is none. */
  readonly draftModel: DraftModelCosts | null;
  /** The first draft of a request, if others decode beside it: its keys and values are copied. */
  readonly draftSequence: Cost;
}

export interface DraftModelCosts {
  /** A run of it, for one request. */
  readonly run: number;
  /** A row of a text that it has not seen yet. */
  readonly textRow: number;
}

export interface Cost {
  readonly base: number;
  /** Of the context. */
  readonly perKey: number;
}

export interface NgramSpeculation extends SpeculationBase {
  readonly algorithm: 'NGRAM';
  /** Most rows of one verification: the last token's and those of its drafts. */
  readonly numDraftTokens: number;
  /** Last tokens that must stand at an earlier place before what followed there is a draft. */
  readonly minMatch: number;
  /** Most that are ever asked for: after drafts that were wrong, more than `minMatch` are. */
  readonly maxMatch: number;
}

/** Drafts of a smaller model beside the served one. */
export interface StandaloneSpeculation extends SpeculationBase {
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
