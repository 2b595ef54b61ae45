import { nothingSent, type Sent } from '../../engine/content.js';
import type { Generation } from '../../engine/generation.js';
import type { Tokenizer } from '../../text/tokenizer.js';
import type { AnswerRenderer } from '../answer-generate.js';
import { askedCacheInfo } from '../native/cache-info.js';
import { SamplePieces } from '../openai/sample-pieces.js';
import { ContentBlocks, type BlockEvent } from './content-blocks.js';
import type { MessagesAsk } from './request.js';
import { endingOf } from './stop-reason.js';
import { usageOf } from './usage.js';
import { wholeContent } from './whole-content.js';

/** The one answer of a `/v1/messages` request: a message, or the events that build it. */
export class MessageRenderer implements AnswerRenderer {
  readonly failsWhole = true;
  readonly #ask: MessagesAsk;
  readonly #tokenizer: Tokenizer;
  readonly #pieces: SamplePieces;
  readonly #blocks: ContentBlocks;

  constructor(ask: MessagesAsk, tokenizer: Tokenizer) {
    this.#ask = ask;
    this.#tokenizer = tokenizer;
    this.#pieces = new SamplePieces(ask.plan);
    this.#blocks = new ContentBlocks(ask);
  }

  whole([generation]: readonly Generation[]): unknown {
    if (generation === undefined) throw new Error('a message has one sample');
    const content = wholeContent(this.#blockEvents(generation, nothingSent(0)));
    return { ...this.#message(generation, content), ...this.#ending(generation) };
  }

  chunks(generation: Generation, _: number, sent: Sent): readonly unknown[] {
    const events: unknown[] = sent.isFirst ? [this.#start(generation)] : [];
    events.push(...this.#blockEvents(generation, sent));
    if (generation.finish === null) return events;
    const { usage, ...delta } = this.#ending(generation);
    return [...events, { type: 'message_delta', delta, usage }, { type: 'message_stop' }];
  }

  closing(last: unknown): readonly unknown[] {
    return [last];
  }

  #blockEvents(generation: Generation, sent: Sent): readonly BlockEvent[] {
    const pieces = this.#pieces.since(generation, sent);
    const events = pieces.flatMap((piece) => this.#blocks.add(piece));
    return generation.finish === null ? events : [...events, ...this.#blocks.end()];
  }

  #start(generation: Generation): unknown {
    const begun = { stop_reason: null, stop_sequence: null, usage: usageOf(generation, 0) };
    return { type: 'message_start', message: { ...this.#message(generation, []), ...begun } };
  }

  /** `cache_info` stands in the message itself, so that clients that put one together from its events keep it. */
  #message(generation: Generation, content: readonly unknown[]): object {
    const { model } = this.#ask;
    const message = { id: generation.rid, type: 'message', role: 'assistant', model, content };
    return { ...message, ...askedCacheInfo(generation, this.#tokenizer) };
  }

  #ending(generation: Generation) {
    return {
      ...endingOf(generation, this.#ask, this.#blocks.hasCalls),
      usage: {
        ...usageOf(generation, generation.outputIds.length),
        output_tokens_details: { thinking_tokens: generation.reasoningTokens },
      },
    };
  }
}
