import type { LogSink } from './log-sink.js';

const CLEAR_LINE = '\r\u001b[K';
/** Of a terminal that does not say. */
const DEFAULT_COLUMNS = 80;

/** The last line of a terminal, drawn over and over; whole lines go above it. */
export class TerminalLine {
  readonly #sink: LogSink;
  #text = '';

  constructor(sink: LogSink) {
    this.#sink = sink;
  }

  /** Columns that a line may take: in the last one, some terminals begin a new line. */
  get columns(): number {
    return (this.#sink.columns || DEFAULT_COLUMNS) - 1;
  }

  draw(text: string): void {
    this.#text = text;
    this.#sink.write(CLEAR_LINE + text);
  }

  /** @param lines with a line feed at the end */
  above(lines: string): void {
    this.#sink.write(this.#text === '' ? lines : CLEAR_LINE + lines + this.#text);
  }

  clear(): void {
    if (this.#text !== '') this.#sink.write(CLEAR_LINE);
    this.#text = '';
  }
}
