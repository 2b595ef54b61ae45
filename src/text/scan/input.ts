import { MarkerSearch } from './marker-search.js';

/** A reader that has stopped where it needs more text, or knows of the end. It tells nothing until it returns. */
export type Reading<T = void> = Generator<undefined, T, undefined>;

/**
 * Text that comes in pieces, for readers that are generators: they stop wherever the next piece could change what
 * they do. So no reader can tell how its text was cut.
 */
export class Input {
  #buffer = '';
  #at = 0;
  /** Start of the text that {@link held} gives; null = none is kept. */
  #mark: number | null = null;
  #isEnded = false;
  #isCut = false;
  /** A reader asked for more than there was. */
  #isShort = false;
  readonly #search = new MarkerSearch();

  add(text: string): void {
    const numTaken = this.#mark ?? this.#at;
    this.#buffer = this.#buffer.slice(numTaken) + text;
    this.#search.forget(numTaken);
    this.#at -= numTaken;
    if (this.#mark !== null) this.#mark = 0;
  }

  /** @param isCut false: the text is whole */
  end(isCut: boolean): void {
    this.#isEnded = true;
    this.#isCut = isCut;
  }

  /** The text was cut off, and its reader has come to where: what is left is a part of something. */
  get isCutOff(): boolean {
    return this.#isCut && this.#isShort;
  }

  /** Text that is here and not taken. */
  get rest(): string {
    return this.#buffer.slice(this.#at);
  }

  skip(numChars: number): void {
    this.#at += numChars;
  }

  /** Puts back a marker that was taken last. */
  putBack(marker: string): void {
    this.#at -= marker.length;
  }

  /** Keeps what is taken from here on, for {@link held} and {@link back}. */
  hold(): void {
    this.#mark = this.#at;
  }

  /** What was taken since {@link hold}. */
  get held(): string {
    return this.#buffer.slice(this.#mark ?? this.#at, this.#at);
  }

  /** What was held is taken for good. */
  release(): void {
    this.#mark = null;
  }

  /** Nothing was taken since {@link hold}. */
  back(): void {
    this.#at = this.#mark ?? this.#at;
    this.#mark = null;
  }

  /** Waits for text beyond what is here. False = there is no more. */
  *more(): Reading<boolean> {
    const before = this.#buffer.length - this.#at;
    while (!this.#isEnded && this.#buffer.length - this.#at === before) yield;
    const hasMore = this.#buffer.length - this.#at > before;
    if (!hasMore) this.#isShort = true;
    return hasMore;
  }

  /** The next UTF-16 unit, which stays; empty at the end. */
  *peek(): Reading<string> {
    while (this.#at >= this.#buffer.length) if (!(yield* this.more())) return '';
    return this.#buffer[this.#at] ?? '';
  }

  /** True = `marker` came next, and is taken. */
  *take(marker: string): Reading<boolean> {
    for (;;) {
      if (this.#buffer.startsWith(marker, this.#at)) {
        this.#at += marker.length;
        return true;
      }
      if (!marker.startsWith(this.rest) || !(yield* this.more())) return false;
    }
  }

  /** Takes white space, and gives it back. */
  *space(): Reading<string> {
    let space = '';
    for (let char = yield* this.peek(); /\s/.test(char); char = yield* this.peek()) {
      space += char;
      this.#at++;
    }
    return space;
  }

  /**
   * Hands on all text before the first of the markers, and takes that. Where two begin at the same place the shorter
   * one wins. Null = the text ended without one.
   */
  *until(markers: readonly string[], handOn: (text: string) => void): Reading<string | null> {
    for (;;) {
      const { at, marker } = this.#firstOf(markers);
      const text = this.#buffer.slice(this.#at, at);
      this.#at = at + (marker?.length ?? 0);
      if (text !== '') handOn(text);
      if (marker !== null) return marker;
      if (yield* this.more()) continue;
      const last = this.rest;
      this.#at = this.#buffer.length;
      if (last !== '') handOn(last);
      return null;
    }
  }

  /** The text before the first of the markers, which is taken with it; null where it is longer, or has no end. */
  *word(markers: readonly string[], maxChars: number): Reading<string | null> {
    for (;;) {
      const { at, marker } = this.#firstOf(markers);
      if (at - this.#at > maxChars) return null;
      if (marker !== null) {
        const word = this.#buffer.slice(this.#at, at);
        this.#at = at + marker.length;
        return word;
      }
      if (!(yield* this.more())) return null;
    }
  }

  #firstOf(markers: readonly string[]): Found {
    let first: Found = { at: this.#buffer.length, marker: null };
    for (const marker of markers) {
      const at = this.#search.indexOf(this.#buffer, marker, this.#at);
      if (at === -1) continue;
      const isShorter = marker.length < (first.marker?.length ?? Infinity);
      if (at < first.at || (at === first.at && isShorter)) first = { at, marker };
    }
    const open = Math.min(...markers.map((marker) => partAt(this.#buffer, marker, this.#at)));
    return open < first.at ? { at: open, marker: null } : first;
  }
}

interface Found {
  /** Where the marker begins, or where one may begin that has not come in whole. */
  readonly at: number;
  readonly marker: string | null;
}

/** Where the end of the text may be the beginning of the marker; the text's length = nowhere. */
function partAt(text: string, marker: string, from: number): number {
  for (let at = Math.max(from, text.length - marker.length + 1); at < text.length; at++) {
    if (marker.startsWith(text.slice(at))) return at;
  }
  return text.length;
}

/** Runs a reader over text as it comes. */
export class Scan {
  readonly #input: Input;
  readonly #reading: Reading;

  constructor(input: Input, reading: Reading) {
    this.#input = input;
    this.#reading = reading;
  }

  push(text: string): void {
    if (text === '') return;
    this.#input.add(text);
    this.#reading.next();
  }

  /** Once, at the end of the text: what was kept back is handed on. @param isCut more of it was to come */
  end(isCut = false): void {
    this.#input.end(isCut);
    this.#reading.next();
  }
}
