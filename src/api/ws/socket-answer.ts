import { failureFrom, statusOf, type Failure } from '../../core/errors.js';
import type { AnswerSink, EventStream } from '../../engine/answer-sink.js';
import type { RequestId } from './client-message.js';
import { asLarge } from '../../http/large-json.js';
import { OrderedJson } from '../../http/ordered-json.js';
import { errorEvent, type Outlet, type ServerEvent } from './outlet.js';

export interface AnswerListener {
  /** Called once, when the last event is out. */
  readonly onEnd: () => void;
  /** It failed, or one of its samples. */
  readonly onFailed: (failure: Failure) => void;
}

/**
 * The answer to one request of a socket: deltas, then exactly one `done` or `error`. An answer that is
 * ready while the reader is behind waits here, so there is never more than one per request.
 */
export class SocketAnswer implements AnswerSink, EventStream {
  /** `done` is no `delta`. */
  readonly marksEnd = true;
  readonly #id: RequestId;
  readonly #outlet: Outlet;
  readonly #listener: AnswerListener;
  /** The last event, or its text where that is made already. */
  #held: ServerEvent | string | null = null;
  #onDrain: () => void = () => undefined;
  readonly #json = new OrderedJson(() => {
    if (!this.#isClosed) this.drained();
  });
  #abort: (() => void) | null = null;
  #survivesClient = false;
  #isCancelled = false;
  #isClosed = false;

  constructor(id: RequestId, outlet: Outlet, listener: AnswerListener) {
    this.#id = id;
    this.#outlet = outlet;
    this.#listener = listener;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get isWritable(): boolean {
    return !this.#isClosed && !this.#json.isBusy && this.#outlet.isWritable;
  }

  onAbortable(abort: () => void, survivesClient: boolean): void {
    this.#abort = abort;
    this.#survivesClient = survivesClient;
    if (this.#isCancelled) this.cancel();
    if (this.#isClosed) this.leave();
  }

  onDrain(listener: () => void): void {
    this.#onDrain = listener;
  }

  startEvents(): EventStream {
    return this;
  }

  send(data: unknown): void {
    if (this.#isClosed) return;
    const event: ServerEvent = { id: this.#id, event: 'delta', data };
    this.#json.put(
      event,
      (text) => {
        if (!this.#isClosed) this.#outlet.writeText(text);
      },
      (error) => {
        this.fail(failureFrom(error));
      },
    );
  }

  end(data: unknown): void {
    this.answer(data);
  }

  answer(data: unknown): void {
    const event: ServerEvent = { id: this.#id, event: 'done', data };
    if (asLarge(data) === null && !this.#json.isBusy) {
      this.#end(event);
      return;
    }
    this.#json.put(
      event,
      (text) => {
        this.#end(text);
      },
      (error) => {
        this.fail(failureFrom(error));
      },
    );
  }

  noteFailure(failure: Failure): void {
    if (!this.#isClosed) this.#listener.onFailed(failure);
  }

  /** It never became a request, or failed later. */
  fail(failure: Failure): void {
    const { code, message } = failure;
    if (!this.#isClosed && this.#held === null) this.#listener.onFailed(failure);
    this.#end(errorEvent(this.#id, message, statusOf(code)));
  }

  /** The client wants no more of it; its ending still comes, as an event. */
  cancel(): void {
    this.#isCancelled = true;
    this.#abort?.();
  }

  /** The socket is gone, and with it whoever waits for this. */
  leave(): void {
    this.#isClosed = true;
    this.#held = null;
    if (!this.#survivesClient) this.#abort?.();
  }

  /** The reader can take more. */
  drained(): void {
    if (this.#held === null) this.#onDrain();
    else this.#end(this.#held);
  }

  #end(last: ServerEvent | string): void {
    if (this.#isClosed) return;
    if (!this.#outlet.isWritable) {
      this.#held = last;
      return;
    }
    this.#isClosed = true;
    this.#held = null;
    if (typeof last === 'string') this.#outlet.writeText(last);
    else this.#outlet.write(last);
    this.#listener.onEnd();
  }
}
