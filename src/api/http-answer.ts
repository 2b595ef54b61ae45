import { failureFrom, RequestError, statusOf, type Failure } from '../core/errors.js';
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
import { DATA_EVENTS, type Framing } from './framing.js';

/** How one dialect spells failures over HTTP. */
export interface FailureSpelling {
  /** It never became a request. */
  readonly refused: (failure: Failure) => FullResponse;
  /** It failed after its acceptance, with nothing of the answer out. */
  readonly failed: (failure: Failure) => FullResponse;
  /** The last event of a stream that failed with a part of its answer out. */
  readonly streamed: (failure: Failure) => unknown;
}

/** How one dialect spells failures and streams over HTTP. */
export interface Dialect extends FailureSpelling {
  /** SGLang's server-sent events where it is left out. */
  readonly framing?: Framing;
}

/** Answers one HTTP request by `act`, whatever it throws on the way to a submission. */
export async function answerHttp(
  reply: HttpReply,
  dialect: Dialect,
  act: (sink: AnswerSink) => Promise<void>,
): Promise<void> {
  try {
    await act(new HttpAnswer(reply, dialect));
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    reply.send(dialect.refused(failureFrom(error)));
  }
}

/** An answer as an HTTP response: one JSON body, or a stream of events. */
export class HttpAnswer implements AnswerSink {
  readonly #reply: HttpReply;
  readonly #dialect: Dialect;

  constructor(reply: HttpReply, dialect: Dialect) {
    this.#reply = reply;
    this.#dialect = dialect;
  }

  get isClosed(): boolean {
    return this.#reply.isClosed;
  }

  onAbortable(abort: () => void, survivesClient: boolean): void {
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
    this.#reply.send({ status: 200, headers: JSON_HEADERS, body: await value.parts() });
  }

  fail(failure: Failure): void {
    this.#reply.send(this.#dialect.failed(failure));
  }

  startEvents(): EventStream {
    const framing = this.#dialect.framing ?? DATA_EVENTS;
    const stream = this.#reply.startStream(framing.headers);
    return new HttpEvents(stream, framing, this.#dialect, (failure) => {
      this.#reply.noteFailure(statusOf(failure.code), failure.message);
    });
  }
}

const JSON_HEADERS: Headers = { 'content-type': 'application/json' };

class HttpEvents implements EventStream {
  /** The end of the stream is its own mark, and no event is told from another. */
  readonly marksEnd = false;
  readonly #stream: ResponseStream;
  readonly #framing: Framing;
  readonly #spelling: FailureSpelling;
  readonly #note: (failure: Failure) => void;
  readonly #json = new OrderedJson(() => {
    this.#onDrain();
  });
  #onDrain: () => void = () => undefined;

  constructor(
    stream: ResponseStream,
    framing: Framing,
    spelling: FailureSpelling,
    note: (failure: Failure) => void,
  ) {
    this.#stream = stream;
    this.#framing = framing;
    this.#spelling = spelling;
    this.#note = note;
  }

  get isWritable(): boolean {
    return this.#stream.isWritable && !this.#json.isBusy;
  }

  onDrain(listener: () => void): void {
    this.#onDrain = listener;
    this.#stream.onDrain(listener);
  }

  send(value: unknown): void {
    this.#put(value, (frame) => {
      this.#stream.write(frame);
    });
  }

  end(value: unknown): void {
    this.#put(value, (frame) => {
      this.#stream.write(frame + this.#framing.end);
      this.#stream.end();
    });
  }

  /** What goes wrong in a piece of a large event ends the stream. */
  #put(value: unknown, use: (frame: string) => void): void {
    const { frame } = this.#framing;
    this.#json.put(
      value,
      (json) => {
        use(frame(json, value));
      },
      (error) => {
        const event = this.#spelling.streamed(failureFrom(error));
        use(frame(JSON.stringify(event), event));
      },
    );
  }

  noteFailure(failure: Failure): void {
    this.#note(failure);
  }

  fail(failure: Failure): void {
    this.#note(failure);
    this.end(this.#spelling.streamed(failure));
  }
}
