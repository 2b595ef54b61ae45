import { AnswerClock, statsLine } from '../client/answer-clock.js';
import type { ChatDelta } from '../client/backend.js';
import { harmless, isClosed, paintFor } from '../client/terminal-text.js';
import type { Surroundings } from '../command.js';

export interface WriteOptions extends Pick<Surroundings, 'out' | 'err'> {
  readonly useColor: boolean;
  /** Counts on `err` at the end. */
  readonly withStats: boolean;
}

/** Writes an answer as it comes: nothing but it on `out`. Ends early when nobody reads it any more. */
export async function writeAnswer(
  deltas: AsyncIterable<ChatDelta>,
  { out, err, useColor, withStats }: WriteOptions,
): Promise<void> {
  const clock = new AnswerClock();
  const thoughts = new Thoughts(err, useColor);
  const shown = out.isTTY === true ? harmless : (text: string): string => text;
  let endsLine = true;
  let isCut = false;
  try {
    for await (const delta of deltas) {
      clock.take(delta);
      if (isClosed(out)) return;
      if (delta.kind === 'end') isCut = delta.finishReason === 'length';
      else if (delta.kind === 'reasoning') thoughts.show(delta.text);
      else {
        thoughts.end();
        out.write(shown(delta.text));
        endsLine = delta.text.endsWith('\n');
      }
    }
  } finally {
    thoughts.end();
    if (!endsLine) out.write('\n');
  }
  if (isCut) err.write('The answer was cut off: --max-tokens lets it be longer.\n');
  if (withStats) err.write(`${statsLine(clock.stats())}\n`);
}

/** Thoughts, where somebody sits at a terminal: beside the answer, dimmed. */
class Thoughts {
  readonly #err: Surroundings['err'];
  readonly #dim: (text: string) => string;
  #isOpen = false;

  constructor(err: Surroundings['err'], useColor: boolean) {
    this.#err = err;
    this.#dim = paintFor(err, useColor).dim;
  }

  show(text: string): void {
    if (this.#err.isTTY !== true) return;
    this.#isOpen = true;
    this.#err.write(this.#dim(harmless(text)));
  }

  end(): void {
    if (this.#isOpen) this.#err.write('\n\n');
    this.#isOpen = false;
  }
}
