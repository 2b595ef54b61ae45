/** `meta_info.finish_reason` of a request that ended (sglang-wire §2.5), in wire spelling. */
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

export function abortReason(message: string): AbortReason {
  return { type: 'abort', message, status_code: null, err_type: null };
}
