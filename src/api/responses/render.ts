import type { Failure } from '../../core/errors.js';
import { nothingSent, type Sent } from '../../engine/content.js';
import type { Generation } from '../../engine/generation.js';
import type { Tokenizer } from '../../text/tokenizer.js';
import type { AnswerRenderer } from '../answer-generate.js';
import type { ChatAsk } from '../openai/chat-ask.js';
import { SamplePieces } from '../openai/sample-pieces.js';
import { EventNumbers, type NumberedEvent, type ResponseEvent } from './events.js';
import { SampleLogprobs } from './logprobs.js';
import { NO_LOGPROBS, Output, type LogprobsOf } from './output.js';
import type { ResponsesRequest } from './request.js';
import {
  endType,
  failedState,
  IN_PROGRESS,
  responseObject,
  stateOf,
  type ResponseObject,
  type ResponseState,
} from './response.js';

export interface RenderOptions {
  readonly tokenizer: Tokenizer;
  /** Told of the response once it has ended, before anybody sees that. */
  readonly onEnded: (response: ResponseObject) => void;
  /** Whether its end was asked for. */
  readonly isCancelled: () => boolean;
  /** How many events are out already; those that begin a stream are among them. */
  readonly numEventsBefore?: number;
}

/** One response: whole, or as the events of its growth. */
export class ResponsesRenderer implements AnswerRenderer {
  /** The last event says how it ended. */
  readonly failsWhole = false;
  readonly #request: ResponsesRequest;
  readonly #options: RenderOptions;
  readonly #pieces: SamplePieces;
  readonly #output: Output;
  readonly #numbers: EventNumbers;
  #logprobs: SampleLogprobs | null = null;

  constructor(
    request: ResponsesRequest,
    ask: Pick<ChatAsk, 'plan' | 'callIds'>,
    options: RenderOptions,
  ) {
    this.#request = request;
    this.#options = options;
    this.#pieces = new SamplePieces(ask.plan);
    this.#numbers = new EventNumbers(options.numEventsBefore ?? 0);
    const isSummary = request.shown.reasoning.summary !== null;
    const thoughts = { isSummary, isSealed: request.includesSealed };
    this.#output = new Output({ callIds: ask.callIds, places: request.places, thoughts });
  }

  whole([generation]: readonly Generation[]): ResponseObject {
    if (generation === undefined) throw new Error('A response has one sample.');
    this.#grow(generation, nothingSent(0));
    return this.#end(generation);
  }

  chunks(generation: Generation, _index: number, sent: Sent): readonly NumberedEvent[] {
    const events = sent.isFirst ? [...this.#opening()] : [];
    events.push(...this.#grow(generation, sent));
    if (generation.finish !== null) {
      const response = this.#end(generation);
      events.push({ type: endType(response), response });
    }
    return events.map((event) => this.#numbers.number(event));
  }

  closing(last: unknown): readonly unknown[] {
    return [last];
  }

  /** The last event of a response that failed with nothing of it out. */
  failed(failure: Failure): NumberedEvent {
    const response = this.#ended(failedState(failure));
    return this.#numbers.number({ type: endType(response), response });
  }

  #opening(): readonly ResponseEvent[] {
    const response = responseObject(this.#request, IN_PROGRESS);
    const begins: ResponseEvent[] =
      this.#options.numEventsBefore === undefined ? [{ type: 'response.created', response }] : [];
    return [...begins, { type: 'response.in_progress', response }];
  }

  #grow(generation: Generation, sent: Sent): readonly ResponseEvent[] {
    const logprobs = this.#logprobsOf(generation);
    const pieces = this.#pieces.since(generation, sent);
    const events = pieces.flatMap((piece) => this.#output.add(piece, logprobs));
    if (generation.finish === null) return events;
    const status = generation.finish.type === 'stop' ? 'completed' : 'incomplete';
    return [...events, ...this.#output.close(status, logprobs)];
  }

  #logprobsOf(generation: Generation): LogprobsOf {
    if (!this.#request.includesLogprobs) return NO_LOGPROBS;
    this.#logprobs ??= new SampleLogprobs(generation, this.#options.tokenizer);
    return this.#logprobs;
  }

  #end(generation: Generation): ResponseObject {
    const { tokenizer, isCancelled } = this.#options;
    const parts = { output: this.#output.items, isCancelled: isCancelled(), tokenizer };
    return this.#ended(stateOf(generation, parts));
  }

  #ended(state: ResponseState): ResponseObject {
    const response = responseObject(this.#request, state);
    this.#options.onEnded(response);
    return response;
  }
}
