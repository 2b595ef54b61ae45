import type { FinishReason } from '../core/finish-reason.js';
import { Detokenizer } from '../text/detokenizer.js';
import type { RegexMeter } from '../text/regex-budget.js';
import { StopMatcher } from '../text/stop-matcher.js';
import type { StopRegex } from '../text/stop-regex.js';
import type { Tokenizer } from '../text/tokenizer.js';

/** The text-side sampling parameters, which never leave the main thread. */
export interface TextParams {
  readonly stop: readonly string[];
  readonly stopRegex: readonly StopRegex[];
  readonly noStopTrim: boolean;
  readonly skipSpecialTokens: boolean;
  /** A token of these ends the request by itself and is trimmed from the text. */
  readonly stopTokenIds: ReadonlySet<number>;
  /** What the patterns may cost; shared by the samples of a request. */
  readonly meter: RegexMeter;
  /** Ids that the answer goes on from. */
  readonly prompt: Int32Array;
}

/**
 * A request's output text. Without stop strings nothing is decoded until somebody reads
 * {@link TextAssembler.text}: a request that does not stream is decoded once.
 */
export class TextAssembler {
  readonly #tokenizer: Tokenizer;
  readonly #params: TextParams;
  readonly #detokenizer: Detokenizer;
  readonly #matcher: StopMatcher | null;
  #undecoded: number[] = [];
  #text = '';
  /** A stop token: part of the text only with `no_stop_trim`, or when it did not end the request. */
  #stopToken: number | null = null;
  /** Everything after this many characters is not for the client; null = the end is not known yet. */
  #end: number | null = null;

  constructor(tokenizer: Tokenizer, params: TextParams) {
    this.#tokenizer = tokenizer;
    this.#params = params;
    this.#detokenizer = new Detokenizer(tokenizer, params);
    const { stop: stops, stopRegex: regexes } = params;
    const hasStops = stops.length > 0 || regexes.length > 0;
    this.#matcher = hasStops ? new StopMatcher({ ...params, stops, regexes }) : null;
  }

  get hasTextStops(): boolean {
    return this.#matcher !== null;
  }

  /**
   * Adds an output token. The last one that a request may have ends it by its length, so no stop text is
   * looked for in it. @returns the stop text it completed. @throws RegexBudgetError
   */
  push(token: number, isLast = false): string | null {
    if (this.#params.stopTokenIds.has(token) && !this.#params.noStopTrim) {
      this.#stopToken = token;
      return null;
    }
    if (this.#matcher === null || isLast) {
      this.#undecoded.push(token);
      return null;
    }
    return this.#match(token, this.#matcher);
  }

  /** The request ended: releases what was held back, unless the ending trims it. */
  finish(reason: FinishReason): void {
    if (this.#end !== null) return;
    const stopped = reason.type === 'stop' && typeof reason.matched === 'number';
    if (this.#stopToken !== null && !stopped) this.#undecoded.push(this.#stopToken);
    this.#decodeWaiting();
    this.#text += this.#detokenizer.flush();
    this.#end = this.#text.length;
  }

  get text(): string {
    if (this.#matcher === null) this.#decodeWaiting();
    const end = this.#end ?? this.#matcher?.safeLength ?? this.#text.length;
    return end === this.#text.length ? this.#text : wholeCharacters(this.#text, end);
  }

  #match(token: number, matcher: StopMatcher): string | null {
    const delta = this.#detokenizer.push(token);
    this.#text += delta;
    const isHidden = this.#params.skipSpecialTokens && this.#tokenizer.isSpecial(token);
    const hidden = isHidden ? this.#tokenizer.addedContent(token) : null;
    const match = hidden === null ? matcher.push(delta) : matcher.push(hidden, true);
    if (match === null) return null;
    this.#end = match.visibleLength;
    return match.matched;
  }

  #decodeWaiting(): void {
    for (const token of this.#undecoded) this.#text += this.#detokenizer.push(token);
    this.#undecoded = [];
  }
}

/** The first `end` UTF-16 units, or one less where that is half of a character. */
function wholeCharacters(text: string, end: number): string {
  const isHalf =
    /[\uD800-\uDBFF]/.test(text[end - 1] ?? '') && /[\uDC00-\uDFFF]/.test(text[end] ?? '');
  return text.slice(0, isHalf ? end - 1 : end);
}
