import type { StreamRenderer } from '../../engine/answer-stream.js';
import type { Sent } from '../../engine/content.js';
import type { Generation } from '../../engine/generation.js';
import type { ServedWeights } from '../../engine/served-weights.js';
import type { OpenAiRequest } from './request.js';
import { usageOf, type Usage } from './usage.js';

export interface OpenAiRenderOptions {
  readonly weights: ServedWeights;
  /** `--enable-cache-report` */
  readonly cacheReport: boolean;
}

/** The objects of OpenAI's routes around their `choices`: a whole answer, or a stream's chunks. */
export class OpenAiRenderer implements StreamRenderer<Generation> {
  /** One sample's failure is an error of the whole stream. */
  readonly failsWhole = true;
  readonly #request: OpenAiRequest;
  readonly #options: OpenAiRenderOptions;
  readonly #created = Math.floor(Date.now() / 1000);

  constructor(request: OpenAiRequest, options: OpenAiRenderOptions) {
    this.#request = request;
    this.#options = options;
  }

  whole(generations: readonly Generation[]): unknown {
    const { choices } = this.#request;
    const { weights } = this.#options;
    return {
      ...this.#envelope(choices.object),
      choices: generations.map((one, index) => choices.whole(one, index)),
      usage: this.#usage(generations),
      metadata: { weight_version: weights.versionOf(generations[0]?.weightsEpoch ?? null) },
    };
  }

  chunks(generation: Generation, index: number, sent: Sent): readonly unknown[] {
    const choices = this.#request.choices.chunks(generation, index, sent);
    return choices.map((choice) => this.#chunk(choice, generation));
  }

  /** Over HTTP one chunk more, where usage is wanted; an ending that is told apart always has it itself. */
  closing(
    last: unknown,
    generations: readonly Generation[],
    marksEnd: boolean,
  ): readonly unknown[] {
    const usage = this.#usage(generations);
    if (marksEnd) return [{ ...(last as object), usage }];
    if (!this.#request.includeUsage) return [last];
    // SGLang leaves null keys out of this one chunk.
    const known = Object.entries(usage).filter(([, value]) => value !== null);
    const envelope = this.#envelope(this.#request.choices.chunkObject);
    return [last, { ...envelope, choices: [], usage: Object.fromEntries(known) }];
  }

  #chunk(choice: unknown, generation: Generation): unknown {
    const { choices, includeUsage, continuousUsage } = this.#request;
    const chunk = { ...this.#envelope(choices.chunkObject), choices: [choice] };
    if (continuousUsage) return { ...chunk, usage: this.#usage([generation]) };
    return includeUsage ? { ...chunk, usage: null } : chunk;
  }

  #envelope(object: string): Readonly<Record<string, unknown>> {
    const { generate, model } = this.#request;
    return { id: generate.entries[0]?.rids[0] ?? '', object, created: this.#created, model };
  }

  #usage(generations: readonly Generation[]): Usage {
    const n = this.#request.generate.entries[0]?.rids.length ?? 1;
    return usageOf(generations, { n, cacheReport: this.#options.cacheReport });
  }
}
