import { failureFrom, RequestError, type Failure } from '../core/errors.js';
import type { AnswerSink, EventStream } from '../engine/answer-sink.js';
import {
  jsonResponse,
  type FullResponse,
  type Headers,
  type HttpReply,
  type ResponseStream,
} from '../http/http.js';
import { asLarge, type LargeJson } from '../http/large-json.js';
import { OrderedJson } from '../http/ordered-json.js';

/** How one dialect spells failures over HTTP. */
export interface FailureSpelling {
  /** It never became a request. */
  readonly refused: (failure: Failure) => FullResponse;
  /** It failed after its acceptance, with nothing of the answer out. */
  readonly failed: (failure: Failure) => FullResponse;
  /** The last event of a stream that failed with a part of its answer out. */
  readonly streamed: (failure: Failure) => unknown;
}

/** Answers one HTTP request by `act`, whatever it throws on the way to a submission. */
export async function answerHttp(
  reply: HttpReply,
  spelling: FailureSpelling,
  act: (sink: AnswerSink) => Promise<void>,
): Promise<void> {
  try {
    await act(new HttpAnswer(reply, spelling));
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    reply.send(spelling.refused(failureFrom(error)));
  }
}

/** An answer as an HTTP response: one JSON body, or server-sent events. */
export class HttpAnswer implements AnswerSink {
  readonly #reply: HttpReply;
  readonly #spelling: FailureSpelling;

  constructor(reply: HttpReply, spelling: FailureSpelling) {
    this.#reply = reply;
    this.#spelling = spelling;
  }

  get isClosed(): boolean {
    return this.#reply.isClosed;
  }

  onSubmitted(abort: () => void, survivesClient: boolean): void {
    if (!survivesClient) this.#reply.onClientLeft(abort);
  }

  answer(value: unknown): void {
    const large = asLarge(value);
    if (large === null) {
      this.#reply.send(jsonResponse(200, value));
      return;
    }
    // Nobody awaits it: what goes wrong in a piece must not end the process.
    this.#answerInPieces(large).catch((error: unknown) => {
      this.fail(failureFrom(error));
    });
  }

  async #answerInPieces(value: LargeJson): Promise<void> {
    this.#reply.send({ status: 200, headers: JSON_HEADERS, body: await value.text() });
  }

  fail(failure: Failure): void {
    this.#reply.send(this.#spelling.failed(failure));
  }

  startEvents(): EventStream {
    return new SseEvents(this.#reply.startStream(SSE_HEADERS), this.#spelling);
  }
}

const JSON_HEADERS: Headers = { 'content-type': 'application/json' };

/** Server-sent events as SGLang frames them: `data:` lines only, and `[DONE]` last, always. */
const SSE_HEADERS: Headers = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache',
};
const SSE_DONE = 'data: [DONE]\n\n';

function sseFrame(json: string): string {
  return `data: ${json}\n\n`;
}

class SseEvents implements EventStream {
  /** `[DONE]` ends the stream, and no event is told from another. */
  readonly marksEnd = false;
  readonly #stream: ResponseStream;
  readonly #spelling: FailureSpelling;
  readonly #json = new OrderedJson(() => {
    this.#onDrain();
  });
  #onDrain: () => void = () => undefined;

  constructor(stream: ResponseStream, spelling: FailureSpelling) {
    this.#stream = stream;
    this.#spelling = spelling;
  }

  get isWritable(): boolean {
    return this.#stream.isWritable && !this.#json.isBusy;
  }

  onDrain(listener: () => void): void {
    this.#onDrain = listener;
    this.#stream.onDrain(listener);
  }

  send(value: unknown): void {
    this.#put(value, (json) => {
      this.#stream.write(sseFrame(json));
    });
  }

  end(value: unknown): void {
    this.#put(value, (json) => {
      this.#stream.write(sseFrame(json) + SSE_DONE);
      this.#stream.end();
    });
  }

  /** What goes wrong in a piece of a large event ends the stream. */
  #put(value: unknown, use: (json: string) => void): void {
    this.#json.put(value, use, (error) => {
      use(JSON.stringify(this.#spelling.streamed(failureFrom(error))));
    });
  }

  fail(failure: Failure): void {
    this.end(this.#spelling.streamed(failure));
  }
}
