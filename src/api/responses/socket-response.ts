import { failureFrom, statusOf, type Failure } from '../../core/errors.js';
import type { AnswerSink, EventStream } from '../../engine/answer-sink.js';
import { OrderedJson } from '../../http/ordered-json.js';
import type { Outlet } from '../ws/outlet.js';
import type { ResponseEvent } from './events.js';
import { errorObject } from './errors.js';

const FAILURES: ReadonlySet<string> = new Set(['error', 'response.failed']);

export interface ResponseListener {
  /** Called once, when the last event is out. */
  readonly onEnd: (hasFailed: boolean) => void;
  /** For the log. */
  readonly onFailed: (failure: Failure) => void;
}

/** One response on a socket: its events, each a message of its own. */
export class SocketResponse implements AnswerSink, EventStream {
  readonly marksEnd = false;
  readonly #outlet: Outlet;
  /** Stands in every event; null = the client named no lane. */
  readonly #streamId: string | null;
  readonly #listener: ResponseListener;
  readonly #json: OrderedJson;
  #onDrain: () => void = () => undefined;
  #abort: (() => void) | null = null;
  #isClosed = false;

  constructor(outlet: Outlet, streamId: string | null, listener: ResponseListener) {
    this.#outlet = outlet;
    this.#streamId = streamId;
    this.#listener = listener;
    this.#json = new OrderedJson(() => {
      this.drained();
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get isWritable(): boolean {
    return !this.#isClosed && !this.#json.isBusy && this.#outlet.isWritable;
  }

  onAbortable(abort: () => void): void {
    this.#abort = abort;
    if (this.#isClosed) abort();
  }

  startEvents(): EventStream {
    return this;
  }

  onDrain(listener: () => void): void {
    this.#onDrain = listener;
  }

  send(value: unknown): void {
    this.#put(value, () => undefined);
  }

  end(value: unknown): void {
    this.#put(value, () => {
      this.#isClosed = true;
      this.#listener.onEnd(FAILURES.has((value as ResponseEvent).type));
    });
  }

  answer(value: unknown): void {
    this.end(value);
  }

  noteFailure(failure: Failure): void {
    if (!this.#isClosed) this.#listener.onFailed(failure);
  }

  fail(failure: Failure, param: string | null = null): void {
    this.noteFailure(failure);
    this.end(errorEvent(failure, param));
  }

  /** The reader can take more. */
  drained(): void {
    if (!this.#isClosed) this.#onDrain();
  }

  /** The socket is gone, and with it whoever waits for this. */
  leave(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#abort?.();
  }

  #put(value: unknown, then: () => void): void {
    if (this.#isClosed) return;
    const event = { ...(value as object), ...this.#lane() };
    const write = (text: string): void => {
      if (this.#isClosed) return;
      this.#outlet.writeText(text);
      then();
    };
    this.#json.put(event, write, (error) => {
      this.noteFailure(failureFrom(error));
      write(JSON.stringify({ ...errorEvent(failureFrom(error), null), ...this.#lane() }));
    });
  }

  #lane(): { readonly stream_id?: string } {
    return this.#streamId === null ? {} : { stream_id: this.#streamId };
  }
}

/** As OpenAI's sockets say that a message could not be answered. */
export function errorEvent(failure: Failure, param: string | null): object {
  const { code, ...error } = errorObject(failure, param);
  return { type: 'error', status: statusOf(failure.code), error: { ...error, code: String(code) } };
}
