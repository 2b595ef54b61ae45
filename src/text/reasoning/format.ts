import { Input, Scan, type Reading } from '../scan/input.js';

/** What a text turns out to be. Pieces in their order add up to it, but for the marks around thoughts. */
export interface ThoughtPiece {
  readonly kind: 'reasoning' | 'text';
  readonly text: string;
}

/** What a reader of a format works with. */
export interface ThoughtReading {
  readonly input: Input;
  readonly reasoning: (text: string) => void;
  readonly text: (text: string) => void;
  /** The answer begins within a thought. */
  readonly isThinking: boolean;
}

/** How a family of models writes its thoughts. */
export interface ReasoningFormat {
  readonly start: string;
  readonly end: string;
  /** Begins a call also within a thought, which ends there; null = none does. */
  readonly toolStart: string | null;
  /** Whether an answer begins within a thought, where its prompt does not say. */
  readonly beginsThinking: boolean;
  /** Its marks are special tokens, which the text must keep. */
  readonly needsSpecialTokens: boolean;
  read(reading: ThoughtReading): Reading;
}

export interface ReasoningOptions {
  /** Whether the prompt ended within a thought; null = as the format has it. */
  readonly isThinking: boolean | null;
  /** False: a thought is handed on when it is whole. */
  readonly streams: boolean;
  /** The beginning of the answer, where the request gave it. */
  readonly prefix: string;
}

/** The thoughts of one answer, read as it comes. How it is cut makes no difference. */
export class ReasoningReader {
  readonly #scan: Scan;
  readonly #streams: boolean;
  #pieces: ThoughtPiece[] = [];
  /** A thought that is not whole, where it has to be. */
  #thought = '';

  constructor(format: ReasoningFormat, { isThinking, streams, prefix }: ReasoningOptions) {
    const input = new Input();
    this.#streams = streams;
    const reading = format.read({
      input,
      reasoning: (text) => {
        this.#reasoning(text);
      },
      text: (text) => {
        this.#text(text);
      },
      isThinking: isOpenAfter(prefix, format) ?? isThinking ?? format.beginsThinking,
    });
    this.#scan = new Scan(input, reading);
  }

  push(text: string): readonly ThoughtPiece[] {
    this.#scan.push(text);
    return this.#take();
  }

  end(): readonly ThoughtPiece[] {
    this.#scan.end();
    this.#release();
    return this.#take();
  }

  #reasoning(text: string): void {
    if (this.#streams) this.#add('reasoning', text);
    else this.#thought += text;
  }

  #text(text: string): void {
    this.#release();
    this.#add('text', text);
  }

  #release(): void {
    const thought = this.#thought;
    this.#thought = '';
    this.#add('reasoning', thought);
  }

  #add(kind: ThoughtPiece['kind'], text: string): void {
    if (text === '') return;
    const last = this.#pieces.at(-1);
    if (last?.kind !== kind) this.#pieces.push({ kind, text });
    else this.#pieces[this.#pieces.length - 1] = { kind, text: last.text + text };
  }

  #take(): readonly ThoughtPiece[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }
}

/** Null: the beginning of the answer says nothing of thoughts. */
function isOpenAfter(
  prefix: string,
  { start, end }: Pick<ReasoningFormat, 'start' | 'end'>,
): boolean | null {
  if (prefix.includes(end)) return false;
  return prefix.includes(start) ? true : null;
}
