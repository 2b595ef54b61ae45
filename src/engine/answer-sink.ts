import type { AbortReason } from '../core/finish-reason.js';

/** Where the answer to one request goes: an HTTP response, or one id of a WebSocket. */
export interface AnswerSink {
  /** True when nobody can get the answer any more. */
  readonly isClosed: boolean;
  /**
   * Hands over how to abort the request once it is submitted; called at once where that is due already.
   * @param survivesClient a `background` request goes on when its client leaves
   */
  onSubmitted(abort: () => void, survivesClient: boolean): void;
  /** The whole answer. */
  answer(value: unknown): void;
  /** The request failed after its acceptance, with nothing of the answer out. */
  fail(reason: AbortReason): void;
  /** The answer comes in parts instead. */
  startEvents(): EventStream;
}

export interface EventStream {
  /** False while the client reads slower than we write: keep the state, not the events. */
  readonly isWritable: boolean;
  /** Called whenever {@link isWritable} may be true again. */
  onDrain(listener: () => void): void;
  /** @param isLast nothing follows */
  send(value: unknown, isLast: boolean): void;
}
