import { statusOf, wireTypeOf, type ErrorCode } from './errors.js';

/** `meta_info.finish_reason` of a request that ended, in wire spelling. */
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

export interface AbortReason {
  readonly type: 'abort';
  readonly message: string;
  /** Null when a user asked for the abort; an HTTP status when something failed. */
  readonly status_code: number | null;
  readonly err_type: string | null;
}

/** Something failed: what `meta_info` says and the HTTP status of an answer that has not begun. */
export function failureReason(code: ErrorCode, message: string): AbortReason {
  return { type: 'abort', message, status_code: statusOf(code), err_type: wireTypeOf(code) };
}

export function abortReason(message: string): AbortReason {
  return { type: 'abort', message, status_code: null, err_type: null };
}
