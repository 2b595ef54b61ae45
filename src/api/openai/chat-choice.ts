import type { Tokenizer } from '../../text/tokenizer.js';
import type { Generation } from '../../engine/generation.js';
import { contentSince, type Sent } from '../../engine/content.js';
import { endingOf, UNFINISHED, type ChoiceRenderer, type Ending } from './request.js';
import { chatLogprobs } from './logprobs.js';

/** Choices of `/v1/chat/completions`. */
export class ChatChoice implements ChoiceRenderer {
  readonly object = 'chat.completion';
  readonly chunkObject = 'chat.completion.chunk';
  readonly #tokenizer: Tokenizer;

  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer;
  }

  whole(generation: Generation, index: number): unknown {
    return {
      index,
      message: {
        role: 'assistant',
        content: generation.text ?? '',
        reasoning_content: null,
        tool_calls: null,
      },
      logprobs: this.#logprobs(generation, 0),
      ...endingOf(generation),
    };
  }

  /** The role first, text as it comes, and last an empty delta with the ending. */
  chunks(generation: Generation, index: number, sent: Sent): readonly unknown[] {
    const chunks: unknown[] = [];
    const add = (delta: unknown, logprobs: unknown, ending: Ending): void => {
      chunks.push({ index, delta, logprobs, ...ending });
    };
    if (sent.isFirst) add({ role: 'assistant', content: '' }, null, UNFINISHED);
    const { text, outputIds } = contentSince(generation, sent);
    const hasLogprobs = this.#wantsLogprobs(generation) && outputIds.length > 0;
    if (hasLogprobs || (text !== null && text !== '')) {
      const logprobs = hasLogprobs ? this.#logprobs(generation, sent.tokens) : null;
      add({ content: text ?? '' }, logprobs, UNFINISHED);
    }
    if (generation.finish !== null) add({}, null, endingOf(generation));
    return chunks;
  }

  #wantsLogprobs(generation: Generation): boolean {
    return generation.input.req.logprobs !== null;
  }

  #logprobs(generation: Generation, from: number): unknown {
    if (!this.#wantsLogprobs(generation)) return null;
    return chatLogprobs(generation, from, this.#tokenizer);
  }
}
