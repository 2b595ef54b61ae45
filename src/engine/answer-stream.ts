import { failureOf, isFailure } from '../core/finish-reason.js';
import type { EventStream } from './answer-sink.js';
import { nothingSent, sentAll, type Sent } from './content.js';
import type { LiveRequest } from './live-request.js';

/** How one dialect shows the samples of a request as a stream. */
export interface StreamRenderer<Request extends LiveRequest> {
  /** What is new of one sample since `sent`, as events; none = nothing to say yet. */
  chunks(sample: Request, index: number, sent: Sent): readonly unknown[];
  /**
   * What ends the stream once `last`, the last chunk of the last sample, is ready: `last` first.
   * @param marksEnd the client tells the last event from the others
   */
  closing(last: unknown, samples: readonly Request[], marksEnd: boolean): readonly unknown[];
  /** True: a sample that failed ends the stream as an error. False: its last chunk says so. */
  readonly failsWhole: boolean;
}

export interface StreamOptions<Request extends LiveRequest> {
  readonly renderer: StreamRenderer<Request>;
  /** Tokens per chunk, by sample: the first and the last chunk come always, those between as often as this. */
  readonly intervals: readonly number[];
  /** Told when one sample's failure ended the stream: the others go on for nobody. */
  readonly onFailure: () => void;
}

interface Sample<Request> {
  readonly request: Request;
  readonly index: number;
  readonly interval: number;
  /** Null before the first chunk. */
  sent: Sent | null;
  isDone: boolean;
}

/**
 * Streams all samples of one request as one interleaved stream of events. Nothing is queued for a slow
 * reader: when it can take more, it gets one chunk per sample with everything up to now.
 */
export class AnswerStream<Request extends LiveRequest> {
  readonly #stream: EventStream;
  readonly #options: StreamOptions<Request>;
  readonly #samples: readonly Sample<Request>[];
  #isEnded = false;

  constructor(stream: EventStream, requests: readonly Request[], options: StreamOptions<Request>) {
    this.#stream = stream;
    this.#options = options;
    this.#samples = requests.map((request, index) => {
      const interval = options.intervals[index] ?? 1;
      return { request, index, interval, sent: null, isDone: false };
    });
    for (const sample of this.#samples) {
      sample.request.updates.listen(() => {
        this.#send(sample);
      });
    }
    stream.onDrain(() => {
      this.#sendAll();
    });
    this.#sendAll();
  }

  #sendAll(): void {
    for (const sample of this.#samples) this.#send(sample);
  }

  #send(sample: Sample<Request>): void {
    if (this.#isEnded || !this.#stream.isWritable || !isDue(sample)) return;
    const { finish } = sample.request;
    if (this.#options.renderer.failsWhole && isFailure(finish)) {
      this.#isEnded = true;
      this.#stream.fail(failureOf(finish));
      this.#options.onFailure();
    } else {
      this.#sendNews(sample);
    }
  }

  #sendNews(sample: Sample<Request>): void {
    const { request, index } = sample;
    const sent = sample.sent ?? nothingSent(Date.now() / 1000);
    const chunks = this.#options.renderer.chunks(request, index, sent);
    const next = sentAll(request, sent);
    sample.sent = chunks.length === 0 ? { ...next, tokens: sent.tokens } : next;
    sample.isDone = request.finish !== null;
    if (isFailure(request.finish)) this.#stream.noteFailure(failureOf(request.finish));
    // Of many samples most chunks end none.
    this.#isEnded = sample.isDone && this.#samples.every(({ isDone }) => isDone);
    if (this.#isEnded) this.#sendLast(chunks);
    else for (const chunk of chunks) this.#stream.send(chunk);
  }

  /** A sample that has ended always has a chunk. */
  #sendLast(chunks: readonly unknown[]): void {
    const { renderer } = this.#options;
    const samples = this.#samples.map(({ request }) => request);
    const events = [
      ...chunks.slice(0, -1),
      ...renderer.closing(chunks.at(-1), samples, this.#stream.marksEnd),
    ];
    for (const event of events.slice(0, -1)) this.#stream.send(event);
    this.#stream.end(events.at(-1));
  }
}

function isDue({ request, sent, interval, isDone }: Sample<LiveRequest>): boolean {
  if (isDone) return false;
  if (request.finish !== null) return true;
  return sent === null
    ? request.outputIds.length > 0
    : request.outputIds.length - sent.tokens >= interval;
}
