import type { AbortReason } from '../core/finish-reason.js';
import type { AnswerSink, EventStream } from '../engine/answer-sink.js';
import { abortResponse } from '../http/error-response.js';
import { jsonResponse, type HttpReply, type ResponseStream } from '../http/http.js';
import { SSE_DONE, SSE_HEADERS, sseFrame } from '../http/sse.js';

/** An answer as an HTTP response: one JSON body, or server-sent events. */
export class HttpAnswer implements AnswerSink {
  readonly #reply: HttpReply;

  constructor(reply: HttpReply) {
    this.#reply = reply;
  }

  get isClosed(): boolean {
    return this.#reply.isClosed;
  }

  onSubmitted(abort: () => void, survivesClient: boolean): void {
    if (!survivesClient) this.#reply.onClientLeft(abort);
  }

  answer(value: unknown): void {
    this.#reply.send(jsonResponse(200, value));
  }

  fail(reason: AbortReason): void {
    this.#reply.send(abortResponse(reason));
  }

  startEvents(): EventStream {
    return new SseEvents(this.#reply.startStream(SSE_HEADERS));
  }
}

class SseEvents implements EventStream {
  readonly #stream: ResponseStream;

  constructor(stream: ResponseStream) {
    this.#stream = stream;
  }

  get isWritable(): boolean {
    return this.#stream.isWritable;
  }

  onDrain(listener: () => void): void {
    this.#stream.onDrain(listener);
  }

  send(value: unknown, isLast: boolean): void {
    this.#stream.write(isLast ? sseFrame(value) + SSE_DONE : sseFrame(value));
    if (isLast) this.#stream.end();
  }
}
