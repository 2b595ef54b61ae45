import type { EmbedInput, ReqStats } from '../../messages.js';

/** One text of an embedding model, from acceptance to its one ending. It has no slot, page or prefix. */
export class EmbedReq {
  numDeviceDeaths = 0;
  /** Set when it is first posted to a device. */
  started: { readonly queueMs: number; readonly rank: number } | null = null;

  constructor(
    readonly input: EmbedInput,
    readonly acceptedAtMs: number,
  ) {}

  get num(): number {
    return this.input.num;
  }

  get numTokens(): number {
    return this.input.tokens.length;
  }

  stats(): ReqStats {
    return {
      promptTokens: this.numTokens,
      completionTokens: 0,
      cachedTokens: 0,
      numRetractions: 0,
      dpRank: this.started?.rank ?? null,
      queueMs: this.started?.queueMs ?? 0,
      drafts: null,
    };
  }
}

/** A step that a device has not answered yet. */
export interface PostedEmbed {
  readonly step: number;
  /** In the order of the plan. Some may be gone by now. */
  readonly reqs: readonly EmbedReq[];
  readonly numTokens: number;
}
