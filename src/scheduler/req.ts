import type { ReqInput, ReqStats, TreeKey } from '../messages.js';
import type { FinishReason } from '../core/finish-reason.js';
import type { Run } from './run.js';

/**
 * - `waiting`: in the queue, for the first time or after a retraction or a device's death.
 * - `running`: holds a slot ({@link Req.run}).
 * - `checking`: has no more tokens; main still looks for stop strings in the last of them.
 * - `finished`: main has its {@link FinishReason}; nothing may refer to it any more.
 */
export type ReqPhase = 'waiting' | 'running' | 'checking' | 'finished';

/** A prefix that the cache actor was asked for on behalf of a waiting request. */
export interface PrefixMatch {
  readonly tree: TreeKey;
  readonly askedAtMs: number;
  /** `abandoned`: unlock it as soon as the reply comes. */
  status: 'pending' | 'abandoned' | 'ready';
  numTokens: number;
  pages: Int32Array;
  /** 0 = nothing to unlock. */
  lock: number;
  /** Longest prefix of this request that was inserted after the question was asked, in tokens. */
  insertedSinceTokens: number;
}

/** One request as the scheduler sees it, from acceptance to its one ending. */
export class Req {
  readonly outputIds: number[] = [];
  phase: ReqPhase = 'waiting';
  /** Slot, pages and rows while it runs; a retracted or retried request gets a new one. */
  run: Run | null = null;

  /** Device that this waiting request is meant for; null until routed. */
  tree: TreeKey | null = null;
  match: PrefixMatch | null = null;
  /** Cached tokens per tree, once asked for; routing and `lpm` read it. */
  probe: 'none' | 'pending' | ReadonlyMap<TreeKey, number> = 'none';
  /** The request whose prefill computes a prefix of this one: wait for it rather than compute it twice. */
  heldBy: Req | null = null;
  /** The other end of {@link Req.heldBy}. */
  readonly holds = new Set<Req>();
  /** Its lock was given up once: match again only when a slot is free. */
  matchLate = false;

  /** Why it ended, while `checking`. */
  endReason: FinishReason | null = null;
  numRetractions = 0;
  /** Rows below this never count for the expert statistics again. */
  routedRows = 0;
  numDeviceDeaths = 0;
  /** Set at first admission. */
  firstRun: {
    readonly cachedTokens: number;
    readonly queueMs: number;
    readonly rank: number;
    /** Where it began it goes on: no answer mixes two sets of weights. */
    readonly weightsEpoch: number;
  } | null = null;
  /** Prompt log-probabilities below this position were delivered. */
  nextPromptLogprob = 0;

  constructor(
    readonly input: ReqInput,
    readonly acceptedAtMs: number,
  ) {}

  get num(): number {
    return this.input.num;
  }

  get promptLen(): number {
    return this.input.inputIds.length;
  }

  get maxNewTokens(): number {
    return this.input.sampling.maxNewTokens;
  }

  /** Rows it may ever compute: the last output's own row is never needed. */
  get maxRows(): number {
    return this.promptLen + Math.max(0, this.maxNewTokens - 1);
  }

  /** Rows that it computes, loads or replays before it samples a token that is not known yet. */
  get rowsToResume(): number {
    return Math.min(this.promptLen + this.outputIds.length, Math.max(this.maxRows, this.promptLen));
  }

  /** First prompt position still to be scored; promptLen when none is. */
  get logprobStart(): number {
    const { logprobs } = this.input;
    if (logprobs === null || this.outputIds.length > 0) return this.promptLen;
    return Math.max(logprobs.startLen, this.nextPromptLogprob);
  }

  /** A match leaves at least one token to feed, and every row whose logits score a prompt token. */
  get maxMatchTokens(): number {
    if (this.outputIds.length > 0) return this.promptLen + this.outputIds.length - 1;
    return Math.max(0, this.logprobStart - 1);
  }

  /** `[0, numTokens)` of prompt and outputs. */
  tokens(numTokens: number): Int32Array {
    if (numTokens <= this.promptLen) return this.input.inputIds.subarray(0, numTokens);
    const tokens = new Int32Array(numTokens);
    tokens.set(this.input.inputIds);
    tokens.set(this.outputIds.slice(0, numTokens - this.promptLen), this.promptLen);
    return tokens;
  }

  stats(): ReqStats {
    return {
      promptTokens: this.promptLen,
      completionTokens: this.outputIds.length,
      cachedTokens: this.firstRun?.cachedTokens ?? 0,
      numRetractions: this.numRetractions,
      dpRank: this.firstRun?.rank ?? null,
      queueMs: this.firstRun?.queueMs ?? 0,
    };
  }
}

/** Length of the common prefix of the two prompts, at most `maxTokens`; 0 across namespaces. */
export function sharedPromptTokens(a: Req, b: Req, maxTokens: number): number {
  if (a.input.namespace !== b.input.namespace) return 0;
  const x = a.input.inputIds;
  const y = b.input.inputIds;
  const end = Math.min(x.length, y.length, maxTokens);
  let i = 0;
  while (i < end && x[i] === y[i]) i++;
  return i;
}
