import { statusOf, wireTypeOf, type ErrorCode, type Failure } from './errors.js';

/** How a request ended. Each wire spells it; what failed is a code, and only core/errors.ts knows statuses. */
export type FinishReason = StopReason | LengthReason | AbortReason;

export interface StopReason {
  readonly type: 'stop';
  /** The stop token id, the stop string, or the pattern text of a stop regex. */
  readonly matched: number | string;
}

export interface LengthReason {
  readonly type: 'length';
  /** The `max_new_tokens` that was reached. */
  readonly length: number;
}

/** It was ended before its time: by a user, or because something failed. */
export interface AbortReason {
  readonly type: 'abort';
  readonly message: string;
  /** What failed; null when a user asked for it. */
  readonly code: ErrorCode | null;
}

/** An ending that is a failure. */
export interface FailedReason extends AbortReason {
  readonly code: ErrorCode;
}

/** The ending of a request that something went wrong with. */
export function failureReason(code: ErrorCode, message: string): FailedReason {
  return { type: 'abort', message, code };
}

/** The ending of a request that a user did not want any more. */
export function abortReason(message: string): AbortReason {
  return { type: 'abort', message, code: null };
}

/** A user's own abort is no failure where a part of an answer is an answer. */
export function isFailure(finish: FinishReason | null): finish is FailedReason {
  return isAbort(finish) && finish.code !== null;
}

export function isAbort(finish: FinishReason | null): finish is AbortReason {
  return finish?.type === 'abort';
}

/** The failure of an answer that cannot show how its requests ended; a user's own abort is the client's. */
export function failureOf({ code, message }: AbortReason): Failure {
  return { code: code ?? 'INVALID_REQUEST', message };
}

/** SGLang's spelling, which `meta_info.finish_reason` and the request log have. Null of a user's abort stays null. */
export function finishOnWire(finish: FinishReason | null): unknown {
  if (!isAbort(finish)) return finish;
  const { type, message, code } = finish;
  return {
    type,
    message,
    status_code: code === null ? null : statusOf(code),
    err_type: code === null ? null : wireTypeOf(code),
  };
}
