import type { StreamRenderer } from '../../engine/answer-stream.js';
import { contentSince, nothingSent, type Sent } from '../../engine/content.js';
import type { Generation } from '../../engine/generation.js';
import { metaInfo, type MetaInfoOptions } from './meta-info.js';

export interface RenderOptions extends MetaInfoOptions {
  /** False adds `index` to every chunk of a stream, and makes a whole answer a list. */
  readonly isSingle: boolean;
  /** Chunks bring only what is new (`--incremental-streaming-output`). */
  readonly isIncremental: boolean;
  readonly returnPromptTokenIds: boolean;
}

/** The objects of `/generate`: one per sample, with its text, its ids and `meta_info`. */
export class NativeRenderer implements StreamRenderer<Generation> {
  /** A sample that failed says so in its own `finish_reason`. */
  readonly failsWhole = false;
  readonly #options: RenderOptions;

  constructor(options: RenderOptions) {
    this.#options = options;
  }

  whole(generations: readonly Generation[]): unknown {
    const from = nothingSent(Date.now() / 1000);
    const objects = generations.map((one) => this.#object(one, from, from.firstTs));
    return this.#options.isSingle ? objects[0] : objects;
  }

  /** The first and the last chunk of a sample say when the first one left. */
  chunks(generation: Generation, index: number, sent: Sent): readonly unknown[] {
    const isEdge = sent.isFirst || generation.finish !== null;
    const from = this.#options.isIncremental ? sent : nothingSent(sent.firstTs);
    const object = this.#object(generation, from, isEdge ? sent.firstTs : null);
    return [this.#options.isSingle ? object : { ...object, index }];
  }

  closing(last: unknown): readonly unknown[] {
    return [last];
  }

  /** @param sentTs Unix seconds; null leaves `response_sent_to_client_ts` out */
  #object(generation: Generation, from: Sent, sentTs: number | null): Record<string, unknown> {
    const options = this.#options;
    const { text, outputIds } = contentSince(generation, from);
    return {
      ...(text === null ? {} : { text }),
      output_ids: outputIds,
      ...(options.returnPromptTokenIds
        ? { prompt_token_ids: Array.from(generation.inputIds) }
        : {}),
      meta_info: {
        ...metaInfo(generation, options, from.tokens),
        ...(sentTs === null ? {} : { response_sent_to_client_ts: sentTs }),
      },
    };
  }
}
