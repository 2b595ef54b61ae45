/** Why the prefix cache did not have more of a prompt. `/generate` and the OpenAI routes tell who asks. */
export type MissCause =
  /** All but the last token was cached, and that one is always computed. */
  | 'none'
  /** All whole pages were cached; before the last token there are not enough tokens for one more. */
  | 'less_than_a_page'
  /** Nothing that is or was cached goes on like the prompt. */
  | 'never_seen'
  /** It was cached, and gave its place to something newer. */
  | 'evicted'
  /** It was cached before `/flush_cache`. */
  | 'flushed'
  /** It is cached for another `extra_key` or `cache_salt` of the same key, or for none. */
  | 'other_namespace'
  /** Another device has it (`--dp-size`). */
  | 'other_device'
  /** It was computed with weights that were replaced since. */
  | 'other_weights'
  /** It was cached on a device that died. */
  | 'device_lost'
  /** It is an answer's rows, which prompts may not use with `--enable-deterministic-inference`. */
  | 'decode_made'
  /** Another request was about to compute it, too little of it to wait for. */
  | 'in_flight'
  /** The log-probabilities that were asked for need the rows from there on. */
  | 'input_logprobs'
  /** The hidden states that were asked for need the rows from there on. */
  | 'hidden_states'
  /** `--disable-radix-cache` */
  | 'cache_disabled'
  /** Its rows are cached, and the model's recurrent state was not kept behind them. */
  | 'recurrent_state';

export interface CacheMiss {
  readonly cause: MissCause;
  /**
   * The first token that was not cached, or, inside the page that it begins, the first one that differs from what is
   * cached: `cachedTokens = floor(position / pageSizeTokens) * pageSizeTokens`. Null when nothing was missed.
   */
  readonly position: number | null;
  /** What the cached prompt has at `position`; null = there is none, or it is another key's. */
  readonly expectedToken: number | null;
}
