import { statusOf, wireTypeOf, type Failure } from '../core/errors.js';
import type { FinishReason } from '../core/finish-reason.js';
import type { Admitted, Finished, ReqInput, ReqLogprobRow, ReqStats } from '../messages.js';
import type { TextAssembler } from './text-assembler.js';

/** One sample of one prompt, ready to be submitted. */
export interface GenerationInput {
  readonly req: Omit<ReqInput, 'num' | 'hasTextStops'>;
  /** Null with `--skip-tokenizer-init`: ids in, ids out. */
  readonly text: TextAssembler | null;
  /** Left out of metrics: `log_metrics: false`, and probes of the server's own health. */
  readonly isUnmetered?: boolean;
  /** Left out of the request log: `no_logs: true`. */
  readonly isUnlogged?: boolean;
}

/**
 * What the main thread knows of an accepted request: its tokens, text and log-probabilities so far, and
 * how it ended. Written by the engine, read by whoever renders it.
 */
export class Generation {
  readonly outputIds: number[] = [];
  /** By prompt position; position 0 never has one. */
  readonly promptLogprobs = new Map<number, ReqLogprobRow>();
  /** By output index. */
  readonly outputLogprobs = new Map<number, ReqLogprobRow>();
  finish: FinishReason | null = null;
  stats: ReqStats | null = null;
  /** Known once the request ran: prompt tokens that came from the prefix cache. */
  cachedTokens = 0;
  dpRank: number | null = null;
  /** Which weights it began on; null before it ran. */
  weightsEpoch: number | null = null;
  finishedMs: number | null = null;
  /** Called after every batch of news, with the request's state already up to date. */
  onUpdate: (() => void) | null = null;
  /** Set when a stop string matched: no token after it counts. */
  #isCut = false;

  constructor(
    readonly num: number,
    readonly input: GenerationInput,
    readonly createdMs: number,
  ) {}

  get rid(): string {
    return this.input.req.rid;
  }

  get promptTokens(): number {
    return this.input.req.inputIds.length;
  }

  /** @returns the stop text that this token completed, or null. */
  acceptToken(token: number): string | null {
    if (this.#isCut) return null;
    this.outputIds.push(token);
    const matched = this.input.text?.push(token) ?? null;
    this.#isCut = matched !== null;
    return matched;
  }

  acceptLogprobs(row: ReqLogprobRow): void {
    const rows = row.part === 'prompt' ? this.promptLogprobs : this.outputLogprobs;
    rows.set(row.position, row);
  }

  acceptAdmitted({ cachedTokens, dpRank, weightsEpoch }: Admitted): void {
    this.weightsEpoch = weightsEpoch;
    this.cachedTokens = cachedTokens;
    this.dpRank = dpRank;
  }

  acceptFinish({ reason, stats }: Finished, nowMs: number): void {
    this.finish = reason;
    this.stats = stats;
    this.cachedTokens = stats.cachedTokens;
    this.dpRank = stats.dpRank;
    this.finishedMs = nowMs;
    this.input.text?.finish(reason);
  }

  /** Ends it here, without the scheduler's word. */
  acceptFailure({ code, message }: Failure, nowMs: number): void {
    const reason = {
      type: 'abort' as const,
      message,
      status_code: statusOf(code),
      err_type: wireTypeOf(code),
    };
    this.finish = reason;
    this.finishedMs = nowMs;
    this.input.text?.finish(reason);
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
