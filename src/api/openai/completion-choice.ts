import type { Tokenizer } from '../../text/tokenizer.js';
import type { Generation } from '../../engine/generation.js';
import { contentSince, nothingSent, type Sent } from '../../engine/content.js';
import { endingOf, UNFINISHED, type Choice, type ChoiceRenderer } from './request.js';
import { completionLogprobs } from './logprobs.js';

export interface CompletionChoiceOptions {
  readonly tokenizer: Tokenizer;
  /** Texts that go before the answers, by prompt; null without `echo`. */
  readonly echoed: readonly string[] | null;
  /** Samples per prompt. */
  readonly n: number;
}

/** Choices of `/v1/completions`. */
export class CompletionChoice implements ChoiceRenderer {
  readonly object = 'text_completion';
  readonly chunkObject = 'text_completion';
  readonly #options: CompletionChoiceOptions;

  constructor(options: CompletionChoiceOptions) {
    this.#options = options;
  }

  whole(generation: Generation, index: number): Choice {
    return this.#choice(generation, index, nothingSent(0));
  }

  /** The last chunk of a sample brings its last text and the ending. */
  chunks(generation: Generation, index: number, sent: Sent): readonly Choice[] {
    const { text, outputIds } = contentSince(generation, sent);
    const hasText = text !== null && text !== '';
    const hasLogprobs = generation.input.req.logprobs !== null && outputIds.length > 0;
    const isNews = hasText || hasLogprobs || sent.isFirst || generation.finish !== null;
    return isNews ? [this.#choice(generation, index, sent)] : [];
  }

  beside(index: number, part: Readonly<Record<string, unknown>>): Choice {
    return { index, text: '', logprobs: null, ...UNFINISHED, ...part };
  }

  #choice(generation: Generation, index: number, sent: Sent): Choice {
    const { tokenizer, echoed, n } = this.#options;
    const prefix = sent.isFirst ? (echoed?.[Math.floor(index / n)] ?? '') : '';
    const view = { from: sent.tokens, echo: echoed !== null && sent.isFirst };
    const wantsLogprobs = generation.input.req.logprobs !== null;
    return {
      index,
      text: prefix + (contentSince(generation, sent).text ?? ''),
      logprobs: wantsLogprobs ? completionLogprobs(generation, view, tokenizer) : null,
      ...endingOf(generation),
    };
  }
}
