import { createInterface, type Interface } from 'node:readline';

import type { Surroundings, TextOutput } from '../command.js';
import type { ChatInput, Typed } from './input.js';
import { MessageAssembler } from './message-assembler.js';

const PROMPT = '>>> ';
const MORE = '... ';
/** Asks a terminal to mark where pasted text begins and ends; those that cannot do nothing. */
const PASTE_ON = '\x1b[?2004h';
const PASTE_OFF = '\x1b[?2004l';

export type TerminalStream = Surroundings['input'] & { setRawMode?: (isRaw: boolean) => unknown };

export interface TerminalInputOptions {
  readonly input: TerminalStream;
  readonly out: TextOutput & NodeJS.WritableStream;
  /** The newest first. */
  readonly history: readonly string[];
  readonly historySize: number;
  /** Hears each line that the history should have. */
  readonly onLine: (line: string) => void;
}

/**
 * Lines that are edited at a terminal. It owns the keyboard from `next` on until what that returns is there: meanwhile
 * Ctrl-C is a key, and at other times a signal.
 */
export class TerminalInput implements ChatInput {
  readonly #options: TerminalInputOptions;
  readonly #lines: Interface;
  readonly #assembler = new MessageAssembler();
  /** Lines of a pasted text but for its last one, which may still be edited. */
  #pasted: string[] = [];
  #isPasting = false;
  #isClosed = false;
  #ready: Typed[] = [];
  #wake: (() => void) | null = null;

  constructor(options: TerminalInputOptions) {
    this.#options = options;
    const { input, out, history, historySize } = options;
    this.#lines = createInterface({
      input,
      output: out,
      terminal: true,
      history: [...history],
      historySize,
      removeHistoryDuplicates: true,
    });
    this.#lines.on('line', (line) => {
      this.#take(line);
    });
    this.#lines.on('SIGINT', () => {
      this.#interrupt();
    });
    this.#lines.on('close', () => {
      // Ctrl-D: a shell's prompt goes below.
      if (!this.#isClosed) out.write('\n');
      this.#isClosed = true;
      this.#deliver({ kind: 'end' });
    });
    input.on('keypress', (_text: unknown, key?: { readonly name?: string }) => {
      if (key?.name === 'paste-start') this.#isPasting = true;
      if (key?.name === 'paste-end') this.#isPasting = false;
    });
    this.#release();
  }

  async next(): Promise<Typed> {
    if (this.#ready.length === 0) {
      this.#hold();
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#release();
    }
    return this.#ready.shift() ?? { kind: 'end' };
  }

  close(): void {
    this.#isClosed = true;
    this.#release();
    this.#lines.close();
  }

  #hold(): void {
    const { input, out } = this.#options;
    input.setRawMode?.(true);
    out.write(PASTE_ON);
    this.#prompt();
  }

  #release(): void {
    const { input, out } = this.#options;
    this.#lines.pause();
    input.setRawMode?.(false);
    out.write(PASTE_OFF);
  }

  #prompt(): void {
    const isBegun = this.#pasted.length > 0 || !this.#assembler.isEmpty;
    this.#lines.setPrompt(isBegun ? MORE : PROMPT);
    this.#lines.prompt();
  }

  #take(line: string): void {
    if (line.trim() !== '') this.#options.onLine(line);
    if (this.#isPasting) {
      this.#pasted.push(line);
      this.#prompt();
      return;
    }
    if (this.#pasted.length > 0) {
      // As it is: a pasted backslash or fence means nothing.
      const text = [...this.#pasted.splice(0), line].join('\n');
      this.#deliver({ kind: 'message', text });
      return;
    }
    const assembled = this.#assembler.push(line);
    if (assembled.kind === 'more' || assembled.text.trim() === '') this.#prompt();
    else this.#deliver(assembled);
  }

  /** What was begun is dropped, as a shell does. */
  #interrupt(): void {
    const isBegun = this.#lines.line !== '' || this.#pasted.length > 0 || !this.#assembler.isEmpty;
    this.#pasted = [];
    this.#assembler.reset();
    this.#lines.write(null, { ctrl: true, name: 'e' });
    this.#lines.write(null, { ctrl: true, name: 'u' });
    this.#options.out.write('\n');
    if (isBegun) this.#prompt();
    else this.#deliver({ kind: 'interrupt' });
  }

  #deliver(typed: Typed): void {
    this.#ready.push(typed);
    this.#wake?.();
    this.#wake = null;
  }
}
