import type { Tokenizer } from '../../text/tokenizer.js';
import type { Generation } from '../../engine/generation.js';
import { endingOf, UNFINISHED, type ChoiceRenderer, type SentSoFar } from './choice.js';
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
  chunks(generation: Generation, index: number, sent: SentSoFar): readonly unknown[] {
    const chunk = (delta: unknown, logprobs: unknown, ending = UNFINISHED): unknown => ({
      ...{ index, delta, logprobs },
      ...ending,
    });
    const text = generation.text?.slice(sent.chars) ?? '';
    const hasLogprobs =
      this.#wantsLogprobs(generation) && generation.outputIds.length > sent.tokens;
    return [
      ...(sent.isFirst ? [chunk({ role: 'assistant', content: '' }, null)] : []),
      ...(text !== '' || hasLogprobs
        ? [chunk({ content: text }, hasLogprobs ? this.#logprobs(generation, sent.tokens) : null)]
        : []),
      ...(generation.finish === null ? [] : [chunk({}, null, endingOf(generation))]),
    ];
  }

  #wantsLogprobs(generation: Generation): boolean {
    return generation.input.req.logprobs !== null;
  }

  #logprobs(generation: Generation, from: number): unknown {
    if (!this.#wantsLogprobs(generation)) return null;
    return chatLogprobs(generation, from, this.#tokenizer);
  }
}
