import type { Input } from '../scan/input.js';

/** What a text turns out to be. Pieces in their order add up to it. */
export type ToolPiece =
  | { readonly kind: 'text'; readonly text: string }
  /** The next call begins. */
  | { readonly kind: 'call'; readonly name: string }
  /** More of the JSON text of the arguments of the call that began last. */
  | { readonly kind: 'arguments'; readonly text: string };

/** A function that the model may call. */
export interface ToolFunction {
  readonly name: string;
  /** JSON schema of its arguments; null = none was given. */
  readonly parameters: unknown;
  readonly strict: boolean;
}

/**
 * Takes what a reader finds. White space between text and a call is nobody's; nor is what a cut left of a mark, or of
 * the head of a call, behind the first call.
 */
export class PieceSink {
  #pieces: ToolPiece[] = [];
  /** White space that is the text's only where text follows. */
  #space = '';
  #hasCalls = false;
  readonly #input: Pick<Input, 'isCutOff'>;

  constructor(input: Pick<Input, 'isCutOff'>) {
    this.#input = input;
  }

  readonly text = (text: string): void => {
    if (this.#hasCalls && this.#input.isCutOff) return;
    const all = this.#space + text;
    const end = all.trimEnd().length;
    this.#space = all.slice(end);
    if (end > 0) this.#add('text', all.slice(0, end));
  };

  call(name: string): void {
    this.#space = '';
    this.#hasCalls = true;
    this.#pieces.push({ kind: 'call', name });
  }

  /** White space that came last is no text. */
  dropSpace(): void {
    this.#space = '';
  }

  readonly arguments = (text: string): void => {
    this.#space = '';
    if (text !== '') this.#add('arguments', text);
  };

  /** The text has ended. */
  end(): void {
    if (this.#space !== '' && !this.#hasCalls) this.#add('text', this.#space);
    this.#space = '';
  }

  /** What was found since the last time. */
  take(): readonly ToolPiece[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }

  #add(kind: 'text' | 'arguments', text: string): void {
    const last = this.#pieces.at(-1);
    if (last?.kind !== kind) this.#pieces.push({ kind, text });
    else this.#pieces[this.#pieces.length - 1] = { kind, text: last.text + text };
  }
}
