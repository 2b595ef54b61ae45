import type { FinishReason } from '../core/finish-reason.js';
import type { EmbedInput, ReqStats } from '../messages.js';
import type { Unobserved } from '../observability/engine-events.js';
import { Feed } from './feed.js';
import type { LiveRequest } from './live-request.js';

/** One tokenized text, or pair of texts, ready to be submitted to an embedding model. */
export interface EmbedRequestInput extends Unobserved {
  readonly req: Omit<EmbedInput, 'num'>;
}

/** What the main thread knows of one text of an embedding model, and how it ended. */
export class EmbedRequest implements LiveRequest {
  readonly kind = 'embed';
  readonly outputIds: readonly number[] = [];
  readonly cachedTokens = 0;
  /** `[dim]`: a pooled vector, or the logits of a classification head. */
  vector: Float32Array | null = null;
  /** Which weights computed the vector; null = none have. */
  weightsEpoch: number | null = null;
  finish: FinishReason | null = null;
  stats: ReqStats | null = null;
  finishedMs: number | null = null;
  readonly updates = new Feed();

  constructor(
    readonly num: number,
    readonly input: EmbedRequestInput,
    readonly createdMs: number,
  ) {}

  get rid(): string {
    return this.input.req.rid;
  }

  get inputIds(): Int32Array {
    return this.input.req.tokens;
  }

  end(reason: FinishReason, stats: ReqStats | null, nowMs: number): void {
    this.finish = reason;
    this.stats = stats;
    this.finishedMs = nowMs;
  }
}
