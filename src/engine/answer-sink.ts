import type { Failure } from '../core/errors.js';

/** Where the answer to one request goes: an HTTP response, or one id of a WebSocket. Each spells failures its way. */
export interface AnswerSink {
  /** True when nobody can get the answer any more. */
  readonly isClosed: boolean;
  /**
   * Hands over how to abort the request: first while it is prepared, then, in place of that, once it is submitted.
   * `abort` is called at once where that is due already.
   * @param survivesClient a `background` request goes on when its client leaves, once it is submitted
   */
  onAbortable(abort: () => void, survivesClient: boolean): void;
  /** The whole answer. */
  answer(value: unknown): void;
  /** The request failed after its acceptance, with nothing of the answer out. */
  fail(failure: Failure): void;
  /** The answer comes in parts instead. */
  startEvents(): EventStream;
}

/** An answer in parts: any number of events, then {@link EventStream.end} or {@link EventStream.fail}. */
export interface EventStream {
  /** False while the client reads slower than we write: keep the state, not the events. */
  readonly isWritable: boolean;
  /** True where the last event is told from the others, so that it can say how all of it ended. */
  readonly marksEnd: boolean;
  /** Called whenever {@link isWritable} may be true again. */
  onDrain(listener: () => void): void;
  send(value: unknown): void;
  /** The last event. */
  end(value: unknown): void;
  /** The log hears of one sample whose last event says that it failed; the stream goes on. */
  noteFailure(failure: Failure): void;
  /** The request failed with a part of its answer out. */
  fail(failure: Failure): void;
}
