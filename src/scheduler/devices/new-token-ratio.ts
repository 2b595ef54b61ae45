const INIT_RATIO = 0.7;
const MIN_FACTOR = 0.14;
const DECAY_STEPS = 600;
/** SGLang's `SGLANG_CLIP_MAX_NEW_TOKENS_ESTIMATION`. */
export const CLIP_MAX_NEW_TOKENS = 4096;
/** Tokens that each request left after a retraction should be able to make (SGLang's `retract_decode_steps`). */
export const RETRACT_DECODE_STEPS = 20;

/**
 * Which part of their `max_new_tokens` running requests are expected to use (SGLang's `new_token_ratio`):
 * starts careful, decays with every decode step, rises when a retraction shows that it was too low.
 */
export class NewTokenRatio {
  readonly #init: number;
  readonly #min: number;
  #current: number;

  constructor(conservativeness: number) {
    this.#init = Math.min(1, INIT_RATIO * conservativeness);
    this.#min = this.#init * MIN_FACTOR;
    this.#current = this.#init;
  }

  get value(): number {
    return this.#current;
  }

  decay(): void {
    this.#current = Math.max(this.#min, this.#current - (this.#init - this.#min) / DECAY_STEPS);
  }

  /** Nothing runs: what was learnt is gone. */
  reset(): void {
    this.#current = this.#init;
  }

  /** After a retraction, from the requests that stay. */
  raise(numOutputTokens: number, numReqs: number, numMaxNewTokens: number): void {
    const seen = (numOutputTokens + RETRACT_DECODE_STEPS * numReqs) / (numMaxNewTokens + 1);
    this.#current = Math.min(1, Math.max(this.#current, seen));
  }
}

/** Tokens that a request may still make, as far as admission looks. */
export function futureTokens(maxNewTokens: number, numOutputTokens: number): number {
  return Math.min(Math.max(0, maxNewTokens - numOutputTokens), CLIP_MAX_NEW_TOKENS);
}
