import type { FinishReason } from '../core/finish-reason.js';
import type { SamplingParams } from '../core/sampling-params.js';
import type {
  Admitted,
  AdmittedMiss,
  ReqHiddenRows,
  ReqInput,
  ReqLogprobRow,
  ReqStats,
} from '../messages.js';
import type { Unobserved } from '../observability/engine-events.js';
import type { AdapterUse } from './adapters.js';
import { Feed } from './feed.js';
import { HiddenStates } from './hidden-states.js';
import type { LiveRequest } from './live-request.js';
import type { ThoughtCounter } from '../core/thought.js';
import type { TextAssembler } from './text-assembler.js';

/** One sample of one prompt, ready to be submitted. */
export interface GenerationInput extends Unobserved {
  readonly req: Omit<ReqInput, 'num' | 'hasTextStops'>;
  /** Null with `--skip-tokenizer-init`: ids in, ids out. */
  readonly text: TextAssembler | null;
  /** Its hold on a LoRA adapter; null = it asks for the model as it is. */
  readonly adapter?: AdapterUse | null;
  /** Null = it has no thoughts to count. */
  readonly thought?: ThoughtCounter | null;
}

/**
 * What the main thread knows of an accepted request: its tokens, text and log-probabilities so far, and
 * how it ended. Written by the engine, read by whoever renders it.
 */
export class Generation implements LiveRequest {
  readonly kind = 'generate';
  readonly outputIds: number[] = [];
  /** By prompt position; position 0 never has one. */
  readonly promptLogprobs = new Map<number, ReqLogprobRow>();
  /** By output index. */
  readonly outputLogprobs = new Map<number, ReqLogprobRow>();
  /** Null = it wants none. */
  readonly hidden: HiddenStates | null;
  finish: FinishReason | null = null;
  stats: ReqStats | null = null;
  /** Known once the request ran: prompt tokens that came from the prefix cache. */
  cachedTokens = 0;
  /** Why no more of them did; null before it ran, and unless it was asked for. */
  miss: AdmittedMiss | null = null;
  dpRank: number | null = null;
  /** Which weights it began on; null before it ran. */
  weightsEpoch: number | null = null;
  /** When the first token of its answer arrived. */
  firstTokenMs: number | null = null;
  finishedMs: number | null = null;
  readonly updates = new Feed();
  /** Set when a stop string matched: no token after it counts. */
  #isCut = false;

  constructor(
    readonly num: number,
    readonly input: GenerationInput,
    readonly createdMs: number,
  ) {
    const { hiddenStates, inputIds } = input.req;
    this.hidden = hiddenStates === null ? null : new HiddenStates(hiddenStates, inputIds.length);
  }

  get rid(): string {
    return this.input.req.rid;
  }

  get inputIds(): Int32Array {
    return this.input.req.inputIds;
  }

  get promptTokens(): number {
    return this.inputIds.length;
  }

  get sampling(): SamplingParams {
    return this.input.req.sampling;
  }

  /** @returns the stop text that this token completed, or null. */
  acceptToken(token: number): string | null {
    if (this.#isCut) return null;
    this.outputIds.push(token);
    this.input.thought?.push(token);
    const isLast = this.outputIds.length >= this.sampling.maxNewTokens;
    const matched = this.input.text?.push(token, isLast) ?? null;
    this.#isCut = matched !== null;
    return matched;
  }

  acceptLogprobs(row: ReqLogprobRow): void {
    const rows = row.part === 'prompt' ? this.promptLogprobs : this.outputLogprobs;
    rows.set(row.position, row);
  }

  /** After the tokens of the same step. */
  acceptHidden(rows: ReqHiddenRows): void {
    this.hidden?.accept(rows, this.outputIds.length);
  }

  acceptAdmitted({ cachedTokens, dpRank, weightsEpoch, miss }: Admitted): void {
    this.miss = miss;
    this.weightsEpoch = weightsEpoch;
    this.cachedTokens = cachedTokens;
    this.dpRank = dpRank;
  }

  end(reason: FinishReason, stats: ReqStats | null, nowMs: number): void {
    this.finish = reason;
    this.stats = stats;
    this.cachedTokens = stats?.cachedTokens ?? this.cachedTokens;
    this.dpRank = stats?.dpRank ?? this.dpRank;
    this.finishedMs = nowMs;
    this.input.text?.finish(reason);
    this.input.adapter?.release();
  }

  /** Tokens of thoughts among the output. */
  get reasoningTokens(): number {
    return this.input.thought?.count ?? 0;
  }

  /** True once a stop string or regex matched. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** Visible output so far: what a match could still take away is held back. */
  get text(): string | null {
    return this.input.text?.text ?? null;
  }
}
