import type { ReqInput, ReqStats } from '../messages.js';
import type { FinishReason } from '../core/finish-reason.js';
import { firstHiddenRow } from '../core/hidden-states.js';
import { DraftCounts } from './draft-counts.js';

/** What a request's first admission fixed. */
export interface Started {
  readonly cachedTokens: number;
  readonly queueMs: number;
  readonly rank: number;
  /** Where it began it goes on: no answer mixes two sets of weights. */
  readonly weightsEpoch: number;
}

/**
 * One generation request as the scheduler sees it, from acceptance to its one ending. It does not know
 * where it is: in the queue (a ticket of `waiting/`), in a slot (a seat), or done and looked at by main.
 */
export class Req {
  readonly outputIds: number[] = [];
  /** It has no more tokens, and this is why, while main still looks for stop strings in the last of them. */
  endReason: FinishReason | null = null;
  /** Set at first admission. */
  started: Started | null = null;
  numRetractions = 0;
  numDeviceDeaths = 0;
  /** How its speculation went. */
  readonly drafts = new DraftCounts();
  /** Rows below this never count for the expert statistics again. */
  routedRows = 0;
  /** Prompt log-probabilities below this position were delivered. */
  nextPromptLogprob = 0;
  /** Hidden states of the rows that it wants to see were delivered below this one; Infinity = it wants none. */
  nextHiddenRow: number;

  constructor(
    readonly input: ReqInput,
    readonly acceptedAtMs: number,
  ) {
    this.nextHiddenRow = firstHiddenRow(input.hiddenStates, input.inputIds.length);
  }

  get num(): number {
    return this.input.num;
  }

  get promptLen(): number {
    return this.input.inputIds.length;
  }

  get maxNewTokens(): number {
    return this.input.sampling.maxNewTokens;
  }

  /** Masks come one token at a time, and hidden states are shown of decoded rows: such requests decode. */
  get canSpeculate(): boolean {
    return this.input.grammar === null && this.input.hiddenStates === null;
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

  /** A match leaves at least one token to feed, and every row that scores a prompt token or is still to be shown. */
  get maxMatchTokens(): number {
    const numKnown = this.promptLen + this.outputIds.length;
    const end = this.outputIds.length > 0 ? numKnown : this.logprobStart;
    return Math.max(0, Math.min(end - 1, this.nextHiddenRow));
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
      cachedTokens: this.started?.cachedTokens ?? 0,
      numRetractions: this.numRetractions,
      dpRank: this.started?.rank ?? null,
      queueMs: this.started?.queueMs ?? 0,
      drafts: this.drafts.numPasses === 0 ? null : this.drafts.stats(),
    };
  }
}

/** Length of the common prefix of the two prompts, at most `maxTokens`; 0 across namespaces. */
export function sharedPromptTokens(a: Req, b: Req, maxTokens: number): number {
  if (a.input.namespace !== b.input.namespace) return 0;
  return commonPrefix(a.input.inputIds, b.input.inputIds, maxTokens);
}

export function commonPrefix(a: Int32Array, b: Int32Array, maxTokens: number): number {
  const end = Math.min(a.length, b.length, maxTokens);
  let i = 0;
  while (i < end && a[i] === b[i]) i++;
  return i;
}
