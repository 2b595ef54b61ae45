import type { EmbedInput, ReqStats } from '../messages.js';

/** One text of an embedding model, from acceptance to its one ending. It has no slot, page or prefix. */
export class EmbedReq {
  numDeviceDeaths = 0;
  /** Set when it is first posted to a device. */
  firstRun: { readonly queueMs: number; readonly rank: number } | null = null;

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
      dpRank: this.firstRun?.rank ?? null,
      queueMs: this.firstRun?.queueMs ?? 0,
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

/** What the scheduler owns of embed requests; steps in flight are the device link's. */
export class EmbedQueue {
  /** Accepted and not finished, by handle. */
  readonly live = new Map<number, EmbedReq>();
  readonly rids = new Set<string>();
  /** Oldest first. */
  waiting: EmbedReq[] = [];

  get numWaiting(): number {
    return this.waiting.length;
  }

  add(req: EmbedReq): void {
    this.live.set(req.num, req);
    this.rids.add(req.input.rid);
    this.waiting.push(req);
  }

  forget(req: EmbedReq): void {
    this.live.delete(req.num);
    this.rids.delete(req.input.rid);
  }

  /**
   * Takes the oldest requests that fit into `budget` tokens together; at least one. Longest first: the
   * device computes neighbours of like length together.
   */
  take(budget: number): EmbedReq[] {
    let numTokens = 0;
    let count = 0;
    for (const req of this.waiting) {
      numTokens += req.numTokens;
      if (count > 0 && numTokens > budget) break;
      count++;
    }
    return this.waiting.splice(0, count).sort((a, b) => b.numTokens - a.numTokens);
  }
}
