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
  private queue = new Set<EmbedReq>();

  /** Oldest first. */
  get waiting(): ReadonlySet<EmbedReq> {
    return this.queue;
  }

  get numWaiting(): number {
    return this.queue.size;
  }

  /** False for one that ended while its step was on a device. */
  isLive(req: EmbedReq): boolean {
    return this.live.get(req.num) === req;
  }

  add(req: EmbedReq): void {
    this.live.set(req.num, req);
    this.rids.add(req.input.rid);
    this.queue.add(req);
  }

  /** In front of everybody, `reqs[0]` first. */
  pushFront(reqs: readonly EmbedReq[]): void {
    this.queue = new Set([...reqs, ...this.queue]);
  }

  forget(req: EmbedReq): void {
    this.live.delete(req.num);
    this.rids.delete(req.input.rid);
    this.queue.delete(req);
  }

  /**
   * Takes the oldest requests that fit into `budget` tokens together; at least one. Longest first: the
   * device computes neighbours of like length together.
   */
  take(budget: number): EmbedReq[] {
    let numTokens = 0;
    const taken: EmbedReq[] = [];
    for (const req of this.queue) {
      numTokens += req.numTokens;
      if (taken.length > 0 && numTokens > budget) break;
      taken.push(req);
    }
    for (const req of taken) this.queue.delete(req);
    return taken.sort((a, b) => b.numTokens - a.numTokens);
  }
}
