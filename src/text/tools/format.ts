import type { ArgumentTags } from '../../core/grammar.js';
import { Input, Scan, type Reading } from '../scan/input.js';
import { PieceSink, type ToolFunction, type ToolPiece } from './pieces.js';

/** What a reader of a format works with. */
export interface CallReading {
  readonly input: Input;
  readonly out: PieceSink;
  /** By name. What calls another function is text. */
  readonly tools: ReadonlyMap<string, ToolFunction>;
}

/** What a model writes around the arguments of one call. */
export interface CallFrame {
  readonly begin: string;
  readonly end: string;
  /** Where it comes the model has decided to call: a beginning of `begin`. */
  readonly trigger: string;
  /** How the arguments are written; absent = as JSON. */
  readonly tags?: ArgumentTags;
}

/** How a family of models writes its calls. */
export interface ToolFormat {
  /** Reads a whole answer. What is no call is text: nothing is lost, nothing is thrown. */
  read(reading: CallReading): Reading;
  /** The frame that a call of this function is forced into; null = it is forced into a JSON array. */
  readonly frame: ((name: string) => CallFrame) | null;
}

/** The calls of one answer, read as it comes. How it is cut makes no difference. */
export class ToolReader {
  readonly #out: PieceSink;
  readonly #scan: Scan;

  constructor(format: ToolFormat, tools: readonly ToolFunction[]) {
    const input = new Input();
    this.#out = new PieceSink(input);
    const byName = new Map(tools.map((tool) => [tool.name, tool]));
    this.#scan = new Scan(input, format.read({ input, out: this.#out, tools: byName }));
  }

  push(text: string): readonly ToolPiece[] {
    this.#scan.push(text);
    return this.#out.take();
  }

  /** @param isCut the answer is not whole: its length, or an abort, has ended it */
  end(isCut = false): readonly ToolPiece[] {
    this.#scan.end(isCut);
    this.#out.end();
    return this.#out.take();
  }
}
