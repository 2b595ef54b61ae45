import type { AbortReason } from '../../core/finish-reason.js';
import type { EventStream } from '../../engine/answer-sink.js';
import type { Generation } from '../../engine/generation.js';
import { isFailure } from '../../engine/settle.js';
import type { ChoiceRenderer, SentSoFar } from './choice.js';
import { streamError } from './error-response.js';
import type { Usage } from './usage.js';

export interface OpenAiStreamOptions {
  readonly renderer: ChoiceRenderer;
  /** What every chunk starts with: id, object, created, model. */
  readonly envelope: Readonly<Record<string, unknown>>;
  /** Tokens per chunk. */
  readonly interval: number;
  /** One chunk with the usage and no choices ends the stream. */
  readonly includeUsage: boolean;
  /** Every chunk has the usage of its sample. */
  readonly continuousUsage: boolean;
  readonly usageOf: (generations: readonly Generation[]) => Usage;
  /** Told when a sample failed half-way: the stream has ended, the others go on for nobody. */
  readonly onFailure: () => void;
}

interface Sample {
  readonly generation: Generation;
  readonly index: number;
  sent: SentSoFar;
  isDone: boolean;
}

const NOTHING_SENT: SentSoFar = { tokens: 0, chars: 0, isFirst: true };

/**
 * Streams all samples of one request in OpenAI's chunks. A slow reader gets fewer and larger deltas:
 * nothing is queued for it beyond the chunks of one update.
 */
export class OpenAiStream {
  readonly #stream: EventStream;
  readonly #options: OpenAiStreamOptions;
  readonly #samples: readonly Sample[];
  #isEnded = false;

  constructor(
    stream: EventStream,
    generations: readonly Generation[],
    options: OpenAiStreamOptions,
  ) {
    this.#stream = stream;
    this.#options = options;
    this.#samples = generations.map((generation, index) => ({
      ...{ generation, index, sent: NOTHING_SENT, isDone: false },
    }));
    for (const sample of this.#samples) {
      sample.generation.onUpdate = () => {
        this.#send(sample);
      };
    }
    stream.onDrain(() => {
      this.#sendAll();
    });
    this.#sendAll();
  }

  #sendAll(): void {
    for (const sample of this.#samples) this.#send(sample);
  }

  #send(sample: Sample): void {
    if (this.#isEnded || !this.#stream.isWritable || !this.#isDue(sample)) return;
    const { finish } = sample.generation;
    if (isFailure(finish)) this.#fail(finish);
    else this.#sendNews(sample);
  }

  /** First and last chunk always, in between one per `interval` tokens. */
  #isDue({ generation, sent, isDone }: Sample): boolean {
    if (isDone) return false;
    if (generation.finish !== null) return true;
    const numNew = generation.outputIds.length - sent.tokens;
    return numNew >= (sent.isFirst ? 1 : this.#options.interval);
  }

  #sendNews(sample: Sample): void {
    const { generation, index, sent } = sample;
    const choices = this.#options.renderer.chunks(generation, index, sent);
    const events = choices.map((choice) => this.#chunk(choice, generation));
    sample.sent = {
      tokens: choices.length === 0 ? sent.tokens : generation.outputIds.length,
      chars: Math.max(sent.chars, generation.text?.length ?? 0),
      isFirst: false,
    };
    sample.isDone = generation.finish !== null;
    const isLast = this.#samples.every(({ isDone }) => isDone);
    if (isLast && this.#options.includeUsage) events.push(this.#usageChunk());
    events.forEach((event, i) => {
      this.#stream.send(event, isLast && i === events.length - 1);
    });
    this.#isEnded = isLast;
  }

  #chunk(choice: unknown, generation: Generation): unknown {
    const { envelope, includeUsage, continuousUsage, usageOf } = this.#options;
    const chunk = { ...envelope, choices: [choice] };
    if (continuousUsage) return { ...chunk, usage: usageOf([generation]) };
    return includeUsage ? { ...chunk, usage: null } : chunk;
  }

  #usageChunk(): unknown {
    const { envelope, usageOf } = this.#options;
    const usage = usageOf(this.#samples.map(({ generation }) => generation));
    // SGLang leaves null keys out of this one chunk.
    const known = Object.entries(usage).filter(([, value]) => value !== null);
    return { ...envelope, choices: [], usage: Object.fromEntries(known) };
  }

  #fail(reason: AbortReason): void {
    this.#isEnded = true;
    this.#stream.send(streamError(reason), true);
    this.#options.onFailure();
  }
}
