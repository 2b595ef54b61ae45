import type { ChatDelta, Usage } from './backend.js';

/** What an answer took. */
export interface AnswerStats {
  /** Of the answer, thoughts among them. */
  readonly numTokens: number;
  /** False = the server does not count: pieces were counted. */
  readonly isCounted: boolean;
  /** Null = no token came. */
  readonly ttftMs: number | null;
  /** Tokens behind the first one in a second; null = there were none. */
  readonly tokensPerSecond: number | null;
  readonly usage: Usage | null;
}

/** Measures one answer, from its making on. */
export class AnswerClock {
  readonly #now: () => number;
  readonly #startMs: number;
  #firstMs: number | null = null;
  #lastMs = 0;
  #numPieces = 0;
  #usage: Usage | null = null;

  /** @param now milliseconds of any clock that does not go back */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#startMs = now();
  }

  take(delta: ChatDelta): void {
    if (delta.kind === 'end') {
      this.#usage = delta.usage;
      return;
    }
    this.#lastMs = this.#now();
    this.#firstMs ??= this.#lastMs;
    this.#numPieces += 1;
  }

  stats(): AnswerStats {
    const numTokens = this.#usage?.completionTokens ?? this.#numPieces;
    const firstMs = this.#firstMs;
    const decodeMs = firstMs === null ? 0 : this.#lastMs - firstMs;
    return {
      numTokens,
      isCounted: this.#usage !== null,
      ttftMs: firstMs === null ? null : firstMs - this.#startMs,
      tokensPerSecond: numTokens > 1 && decodeMs > 0 ? (numTokens - 1) / (decodeMs / 1000) : null,
      usage: this.#usage,
    };
  }
}

/** `42 tokens, 35.1 tok/s, first after 0.12 s, 18 of 30 prompt tokens cached` */
export function statsLine({
  numTokens,
  isCounted,
  ttftMs,
  tokensPerSecond,
  usage,
}: AnswerStats): string {
  const cached = usage?.cachedTokens ?? null;
  return [
    `${isCounted ? '' : 'about '}${numTokens} token${numTokens === 1 ? '' : 's'}`,
    ...(tokensPerSecond === null ? [] : [`${tokensPerSecond.toFixed(1)} tok/s`]),
    ...(ttftMs === null ? [] : [`first after ${(ttftMs / 1000).toFixed(2)} s`]),
    ...(usage === null
      ? []
      : [
          `${cached === null ? '' : `${cached} of `}${usage.promptTokens} prompt tokens${cached === null ? '' : ' cached'}`,
        ]),
  ].join(', ');
}
