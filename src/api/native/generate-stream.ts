import type { EventStream } from '../../engine/answer-sink.js';
import type { Generation } from '../../engine/generation.js';
import { FROM_START, renderGeneration, type RenderFrom, type RenderOptions } from './render.js';

export interface StreamOptions extends RenderOptions {
  /** False adds `index` to every chunk. */
  readonly isSingle: boolean;
  /** Chunks bring only what is new (`--incremental-streaming-output`). */
  readonly isIncremental: boolean;
  /** Tokens per chunk, by sample. */
  readonly intervals: readonly number[];
}

interface Sample {
  readonly generation: Generation;
  readonly index: number;
  readonly interval: number;
  /** What the client has. */
  sent: RenderFrom;
  chunks: number;
  isDone: boolean;
  firstSentTs: number;
}

/**
 * Streams all samples of one request as one interleaved event stream. Nothing is queued for a slow
 * reader: when it can take more, it gets one chunk per sample with everything up to now.
 */
export class GenerateStream {
  readonly #stream: EventStream;
  readonly #samples: readonly Sample[];
  readonly #options: StreamOptions;
  #numOpen: number;

  constructor(stream: EventStream, generations: readonly Generation[], options: StreamOptions) {
    this.#stream = stream;
    this.#options = options;
    this.#numOpen = generations.length;
    this.#samples = generations.map((generation, index) => ({
      generation,
      index,
      interval: options.intervals[index] ?? 1,
      sent: FROM_START,
      chunks: 0,
      isDone: false,
      firstSentTs: 0,
    }));
    for (const sample of this.#samples) {
      sample.generation.onUpdate = () => {
        this.#send(sample);
      };
    }
    this.#stream.onDrain(() => {
      this.#sendAll();
    });
    this.#sendAll();
  }

  #sendAll(): void {
    for (const sample of this.#samples) this.#send(sample);
  }

  #send(sample: Sample): void {
    if (!this.#stream.isWritable || !this.#isDue(sample)) return;
    const chunk = this.#chunk(sample);
    if (sample.isDone) this.#numOpen--;
    this.#stream.send(chunk, this.#numOpen === 0);
  }

  /** First and last chunk always, in between one per `interval` tokens. */
  #isDue({ generation, sent, interval, chunks, isDone }: Sample): boolean {
    if (isDone) return false;
    if (generation.finish !== null) return true;
    const numNew = generation.outputIds.length - sent.tokens;
    return numNew >= (chunks === 0 ? 1 : interval);
  }

  #chunk(sample: Sample): unknown {
    const { generation, index } = sample;
    const isFirst = sample.chunks++ === 0;
    if (isFirst) sample.firstSentTs = Date.now() / 1000;
    sample.isDone = generation.finish !== null;
    const from = this.#options.isIncremental ? sample.sent : FROM_START;
    const object = renderGeneration(
      generation,
      this.#options,
      from,
      isFirst || sample.isDone ? sample.firstSentTs : null,
    );
    sample.sent = {
      tokens: generation.outputIds.length,
      chars: Math.max(sample.sent.chars, generation.text?.length ?? 0),
    };
    return this.#options.isSingle ? object : { ...object, index };
  }
}
