import type { TextOutput } from '../command.js';
import { harmless, paintFor, type Paint } from '../client/terminal-text.js';

export interface ScreenOptions {
  readonly out: TextOutput;
  readonly err: TextOutput;
  /** Somebody types and reads: remarks are shown, and thoughts. Otherwise answers alone are written. */
  readonly isInteractive: boolean;
  readonly useColor: boolean;
}

/** Shows a conversation: answers as they come, remarks dimmed. */
export class Screen {
  readonly isInteractive: boolean;
  readonly #out: TextOutput;
  readonly #err: TextOutput;
  readonly #paint: Paint;
  /** What the running answer ended with. */
  #last: 'nothing' | 'reasoning' | 'text' = 'nothing';
  #endsLine = true;

  constructor({ out, err, isInteractive, useColor }: ScreenOptions) {
    this.isInteractive = isInteractive;
    this.#out = out;
    this.#err = err;
    this.#paint = paintFor(out, useColor);
  }

  get output(): TextOutput {
    return this.#out;
  }

  /** A remark; nothing where nobody reads along. */
  note(text: string): void {
    if (this.isInteractive) this.#out.write(`${this.#paint.dim(harmless(text))}\n`);
  }

  /** What went wrong. */
  problem(text: string): void {
    this.#err.write(`${harmless(text)}\n`);
  }

  reasoning(text: string): void {
    if (!this.isInteractive) return;
    if (this.#last === 'nothing') this.#write(this.#paint.dim('Thinking: '));
    this.#last = 'reasoning';
    this.#write(this.#paint.dim(harmless(text)));
    this.#endsLine = text.endsWith('\n');
  }

  text(text: string): void {
    if (!this.isInteractive) {
      this.#write(text);
      this.#endsLine = text.endsWith('\n');
      return;
    }
    // Models put empty lines between thoughts and answer.
    const shown = this.#last === 'text' ? text : text.replace(/^\n+/, '');
    if (shown === '') return;
    if (this.#last === 'reasoning') this.#write(this.#endsLine ? '\n' : '\n\n');
    this.#last = 'text';
    this.#write(harmless(shown));
    this.#endsLine = shown.endsWith('\n');
  }

  /** The answer ends here, whole or not. */
  endAnswer(): void {
    if (!this.#endsLine) this.#write('\n');
    this.#last = 'nothing';
    this.#endsLine = true;
  }

  #write(text: string): void {
    this.#out.write(text);
  }
}
