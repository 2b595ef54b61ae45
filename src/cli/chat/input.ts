import { createInterface, type Interface } from 'node:readline';

import type { Surroundings } from '../command.js';
import { MessageAssembler, type Assembled } from './message-assembler.js';

/** What was typed. */
export type Typed =
  | Exclude<Assembled, { kind: 'more' }>
  /** Ctrl-C where nothing was begun. */
  | { readonly kind: 'interrupt' }
  /** Ctrl-D, or the end of a pipe. */
  | { readonly kind: 'end' };

/** Where messages come from, one after another. */
export interface ChatInput {
  next(): Promise<Typed>;
  close(): void;
}

/** A pipe or a file: each line is a message. */
export class PipedInput implements ChatInput {
  readonly #lines: Interface;
  readonly #iterator: AsyncIterator<string, undefined>;
  readonly #assembler = new MessageAssembler();

  constructor(input: Surroundings['input']) {
    this.#lines = createInterface({ input, terminal: false, crlfDelay: Infinity });
    this.#iterator = this.#lines[Symbol.asyncIterator]();
  }

  async next(): Promise<Typed> {
    for (;;) {
      const { done, value } = await this.#iterator.next();
      if (done === true) return this.#rest();
      const assembled = this.#assembler.push(value);
      if (assembled.kind !== 'more' && assembled.text.trim() !== '') return assembled;
    }
  }

  close(): void {
    this.#lines.close();
  }

  /** What ends without the line that should end it. */
  #rest(): Typed {
    const text = this.#assembler.reset();
    return text.trim() === '' ? { kind: 'end' } : { kind: 'message', text };
  }
}
