import type { EventEmitter } from 'eventemitter3';

import type { Clock } from '../core/clock.js';
import type { Failure } from '../core/errors.js';
import { failureReason, type FinishReason } from '../core/finish-reason.js';
import type { Output, ReqStats, ToScheduler } from '../messages.js';
import type { EngineEvents } from '../observability/engine-events.js';
import { RegexBudgetError } from '../text/regex-budget.js';
import { Feed } from './feed.js';
import type { Generation } from './generation.js';
import type { AnyRequest, LiveRequests } from './live-requests.js';

export interface OutputReaderOptions {
  readonly live: LiveRequests;
  readonly clock: Clock;
  readonly events: EventEmitter<EngineEvents>;
  readonly post: (message: ToScheduler) => void;
}

/**
 * Reads what the scheduler says of the requests: tokens become text, stop strings are found and reported,
 * and every request gets its one ending. Whoever waits for a request is told after all of a message is in.
 */
export class OutputReader {
  /** Published after each message: the scheduler and a device are alive. */
  readonly outputs = new Feed();
  readonly #options: OutputReaderOptions;

  constructor(options: OutputReaderOptions) {
    this.#options = options;
  }

  read(output: Output): void {
    const { live, clock, events } = this.#options;
    for (const one of output.admitted) live.generation(one.num)?.acceptAdmitted(one);
    const touched = this.#readAnswers(output);
    const nowMs = clock.nowMs();
    for (const request of touched) events.emit('progressed', request, nowMs);
    for (const row of output.logprobs) live.generation(row.num)?.acceptLogprobs(row);
    for (const rows of output.hiddenRows) live.generation(rows.num)?.acceptHidden(rows);
    for (const num of output.toCheck) this.#checkText(num);
    for (const { num, reason, stats } of output.finished) {
      const request = live.get(num);
      if (request === undefined) continue;
      this.#end(request, reason, stats);
      touched.add(request);
    }
    for (const request of touched) request.updates.publish();
    this.outputs.publish();
  }

  /** Ends a request without the scheduler's word. */
  fail(request: AnyRequest, { code, message }: Failure): void {
    this.#end(request, failureReason(code, message), null);
    request.updates.publish();
  }

  #end(request: AnyRequest, reason: FinishReason, stats: ReqStats | null): void {
    const { live, clock, events } = this.#options;
    request.end(reason, stats, clock.nowMs());
    live.delete(request);
    events.emit('finished', request);
  }

  /** @returns the requests that have more of their answer now. */
  #readAnswers({ tokens, vectors }: Output): Set<AnyRequest> {
    const { live } = this.#options;
    const touched = new Set<AnyRequest>();
    for (let i = 0; i + 1 < tokens.length; i += 2) {
      const generation = live.generation(tokens[i] ?? 0);
      if (generation === undefined) continue;
      touched.add(generation);
      this.#readToken(generation, tokens[i + 1] ?? 0);
    }
    for (const { num, values, weightsEpoch } of vectors) {
      const request = live.text(num);
      if (request === undefined) continue;
      touched.add(request);
      request.vector = values;
      request.weightsEpoch = weightsEpoch;
    }
    return touched;
  }

  #readToken(generation: Generation, token: number): void {
    const { num } = generation;
    generation.firstTokenMs ??= this.#options.clock.nowMs();
    try {
      const matched = generation.acceptToken(token);
      if (matched === null) return;
      const numOutputTokens = generation.outputIds.length;
      this.#options.post({ kind: 'stopAt', num, numOutputTokens, matched });
    } catch (error) {
      if (!(error instanceof RegexBudgetError)) throw error;
      this.#options.post({ kind: 'abort', ridPrefix: '', num, all: false, message: null });
      this.fail(generation, { code: 'INVALID_REQUEST', message: error.message });
    }
  }

  /** A request that matched has sent its stopAt already; the scheduler goes by the first of the two. */
  #checkText(num: number): void {
    const { live, post } = this.#options;
    if (live.generation(num)?.isCut === false) post({ kind: 'textChecked', num });
  }
}
