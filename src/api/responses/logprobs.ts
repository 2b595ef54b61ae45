import type { Generation } from '../../engine/generation.js';
import type { Tokenizer } from '../../text/tokenizer.js';
import { chatLogprobs } from '../openai/logprobs.js';
import type { LogprobsOf } from './output.js';

/** Log-probabilities of one sample: of every token that was generated, as in SGLang. */
export class SampleLogprobs implements LogprobsOf {
  readonly #generation: Generation;
  readonly #tokenizer: Tokenizer;
  /** The first token that no delta had. */
  #deltaFrom = 0;
  /** The first token that no message had. */
  #messageFrom = 0;

  constructor(generation: Generation, tokenizer: Tokenizer) {
    this.#generation = generation;
    this.#tokenizer = tokenizer;
  }

  next(): unknown {
    const logprobs = this.#since(this.#deltaFrom);
    this.#deltaFrom = this.#generation.outputIds.length;
    return logprobs;
  }

  all(): unknown {
    const logprobs = this.#since(this.#messageFrom);
    this.#messageFrom = this.#generation.outputIds.length;
    return logprobs;
  }

  #since(from: number): unknown {
    if (from === this.#generation.outputIds.length) return [];
    return chatLogprobs(this.#generation, from, this.#tokenizer).content;
  }
}
