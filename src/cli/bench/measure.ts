import type { IncomingMessage } from 'node:http';

import { ClientError, saidIn, unreached } from '../client/client-error.js';
import type { HttpClient } from '../client/http-client.js';
import { isDone, SseReader } from '../client/sse.js';
import type { AnswerCounts, BodyOptions, Dialect, Row } from './dialects.js';
import type { RequestResult } from './metrics.js';

export interface MeasuredRequest extends RequestResult {
  /** Null = it was not kept. */
  readonly text: string | null;
}

export interface MeasureOptions extends BodyOptions {
  readonly dialect: Dialect;
  /** Keeps what was answered: its JSON is read behind the last token. */
  readonly keepsText: boolean;
  readonly signal: AbortSignal;
  /** Milliseconds of a clock that does not go back. */
  readonly now: () => number;
}

/** Asks once and measures the answer; never throws. */
export async function measure(
  client: HttpClient,
  row: Row,
  options: MeasureOptions,
): Promise<MeasuredRequest> {
  const { dialect, signal, now } = options;
  const body = JSON.stringify(dialect.body(row, options));
  const timing = new Timing(row, options);
  try {
    const message = await client.post(dialect.path, body, { signal });
    await readStream(message, timing, now);
    return timing.result(null);
  } catch (error) {
    return timing.result(unreached(error, client.endpoint).message);
  }
}

/** By events, not by an iterator: each chunk is looked at in the turn that brought it. */
async function readStream(
  message: IncomingMessage,
  timing: Timing,
  now: () => number,
): Promise<void> {
  let atMs = 0;
  const reader = new SseReader((event) => {
    timing.take(event, atMs);
  });
  await new Promise<void>((resolve, reject) => {
    message.on('data', (chunk: Buffer) => {
      atMs = now();
      try {
        reader.push(chunk);
      } catch (error) {
        message.destroy(error as Error);
      }
    });
    message.on('end', resolve);
    message.on('error', reject);
  });
  reader.end();
}

const ERROR = Buffer.from('{"error"');

/** What is known of one answer while it comes. */
class Timing {
  readonly #row: Row;
  readonly #options: MeasureOptions;
  readonly #startMs: number;
  readonly #itlsMs: number[] = [];
  readonly #kept: Buffer[] = [];
  #ttftMs: number | null = null;
  #lastTextMs = 0;
  #lastEventMs = 0;
  #numTokens = 0;
  #counted: Buffer | null = null;

  constructor(row: Row, options: MeasureOptions) {
    this.#row = row;
    this.#options = options;
    this.#startMs = options.now();
  }

  /** @throws ClientError for an event that is an error */
  take(event: Buffer, atMs: number): void {
    this.#lastEventMs = atMs;
    if (isDone(event)) return;
    const { dialect, keepsText } = this.#options;
    const { hasText, numTokens } = dialect.news(event);
    if (dialect.hasCounts(event)) this.#counted = event;
    if (!hasText) {
      if (event.subarray(0, ERROR.length).equals(ERROR)) {
        throw new ClientError(saidIn(event.toString()) ?? 'An error without a word.');
      }
      return;
    }
    this.#takeText(numTokens, atMs);
    if (!keepsText) return;
    if (dialect.isCumulative) this.#kept.length = 0;
    this.#kept.push(event);
  }

  /** An event with several tokens shares its gap among them, where the server says how many they are. */
  #takeText(numTokens: number | null, atMs: number): void {
    const numNew = numTokens === null ? 1 : numTokens - this.#numTokens;
    if (this.#ttftMs === null) this.#ttftMs = atMs - this.#startMs;
    else if (numNew <= 0) return;
    else {
      const itlMs = (atMs - this.#lastTextMs) / numNew;
      for (let i = 0; i < numNew; i++) this.#itlsMs.push(itlMs);
    }
    this.#lastTextMs = atMs;
    this.#numTokens += Math.max(numNew, 0);
  }

  result(error: string | null): MeasuredRequest {
    const { dialect, keepsText, now } = this.#options;
    const counts: AnswerCounts = dialect.counts(parsed(this.#counted));
    const isEmpty = error === null && this.#ttftMs === null;
    const endMs = error === null ? this.#lastEventMs : now();
    const texts = this.#kept.map((event) => dialect.text(parsed(event)));
    return {
      error: isEmpty ? 'The answer has no text.' : error,
      startMs: this.#startMs,
      ttftMs: this.#ttftMs ?? 0,
      itlsMs: this.#itlsMs,
      latencyMs: endMs - this.#startMs,
      promptTokens: counts.promptTokens ?? this.#row.promptLen,
      outputTokens: counts.outputTokens ?? this.#numTokens,
      cachedTokens: counts.cachedTokens,
      text: keepsText ? texts.join('') : null,
    };
  }
}

function parsed(event: Buffer | null): unknown {
  if (event === null) return null;
  try {
    return JSON.parse(event.toString()) as unknown;
  } catch {
    return null;
  }
}
