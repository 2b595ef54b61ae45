import type { Tokenizer } from '../../text/tokenizer.js';
import { contentSince, nothingSent, type Sent } from '../../engine/content.js';
import type { ContentPlan } from '../../engine/content-plan.js';
import type { Generation } from '../../engine/generation.js';
import type { CallIds } from './call-ids.js';
import { ChatMessage } from './chat-message.js';
import { endingOf, UNFINISHED, type Choice, type ChoiceRenderer, type Ending } from './request.js';
import { chatLogprobs } from './logprobs.js';
import { SamplePieces } from './sample-pieces.js';

export interface ChatChoiceOptions {
  readonly tokenizer: Tokenizer;
  readonly plan: ContentPlan;
  readonly callIds: CallIds;
}

/** What is kept of a sample while it is shown. */
interface Sample {
  readonly pieces: SamplePieces;
  readonly message: ChatMessage;
}

/** Choices of `/v1/chat/completions`. */
export class ChatChoice implements ChoiceRenderer {
  readonly object = 'chat.completion';
  readonly chunkObject = 'chat.completion.chunk';
  readonly #options: ChatChoiceOptions;
  readonly #samples = new Map<number, Sample>();

  constructor(options: ChatChoiceOptions) {
    this.#options = options;
  }

  whole(generation: Generation, index: number): Choice {
    const { message, pieces } = this.#sample(index);
    for (const piece of pieces.since(generation, nothingSent(0))) message.add(piece);
    return {
      index,
      message: message.whole(),
      logprobs: this.#logprobs(generation, 0),
      ...this.#ending(generation, message),
    };
  }

  /**
   * The role first, then what comes, and last an empty delta with the ending. Every delta has `reasoning_content`,
   * as in SGLang: clients read it, and an object of openai's Python client throws where there is no such key.
   */
  chunks(generation: Generation, index: number, sent: Sent): readonly Choice[] {
    const chunks: Choice[] = [];
    const add = (delta: object, logprobs: unknown, ending: Ending): void => {
      chunks.push({ index, delta: { reasoning_content: null, ...delta }, logprobs, ...ending });
    };
    if (sent.isFirst) add({ role: 'assistant', content: '' }, null, UNFINISHED);
    const { message, pieces } = this.#sample(index);
    const deltas = pieces.since(generation, sent).map((piece) => message.add(piece));
    const { outputIds } = contentSince(generation, sent);
    const hasLogprobs = this.#wantsLogprobs(generation) && outputIds.length > 0;
    if (hasLogprobs && deltas.length === 0) deltas.push({ content: '' });
    for (const [i, delta] of deltas.entries()) {
      add(
        delta,
        hasLogprobs && i === 0 ? this.#logprobs(generation, sent.tokens) : null,
        UNFINISHED,
      );
    }
    if (generation.finish !== null) add({}, null, this.#ending(generation, message));
    return chunks;
  }

  beside(index: number, part: Readonly<Record<string, unknown>>): Choice {
    return { index, delta: { reasoning_content: null, ...part }, logprobs: null, ...UNFINISHED };
  }

  #sample(index: number): Sample {
    const { plan, callIds } = this.#options;
    const known = this.#samples.get(index);
    if (known !== undefined) return known;
    const sample = { pieces: new SamplePieces(plan), message: new ChatMessage(callIds) };
    this.#samples.set(index, sample);
    return sample;
  }

  /** A sample that stopped after a call stopped for it. */
  #ending(generation: Generation, { hasCalls }: ChatMessage): Ending {
    if (!hasCalls || generation.finish?.type !== 'stop') return endingOf(generation);
    return { finish_reason: 'tool_calls', matched_stop: null };
  }

  #wantsLogprobs(generation: Generation): boolean {
    return generation.input.req.logprobs !== null;
  }

  #logprobs(generation: Generation, from: number): unknown {
    if (!this.#wantsLogprobs(generation)) return null;
    return chatLogprobs(generation, from, this.#options.tokenizer);
  }
}
