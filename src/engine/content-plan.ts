import {
  ReasoningReader,
  type ReasoningFormat,
  type ReasoningOptions,
  type ThoughtPiece,
} from '../text/reasoning/format.js';
import { ToolReader, type ToolFormat } from '../text/tools/format.js';
import type { ToolFunction, ToolPiece } from '../text/tools/pieces.js';

/** What the text of an answer is read as; null = nothing of the kind is looked for. */
export interface ContentPlan {
  readonly reasoning: (ReasoningOptions & { readonly format: ReasoningFormat }) | null;
  readonly tools: ToolPlan | null;
}

export interface ToolPlan {
  readonly format: ToolFormat;
  readonly functions: readonly ToolFunction[];
}

export type ContentPiece = ThoughtPiece | ToolPiece;

/** One sample's text as thoughts, text and calls: the same for whole answers and streams, however they are cut. */
export class ContentReader {
  readonly #thoughts: ReasoningReader | null;
  readonly #calls: ToolReader | null;

  constructor({ reasoning, tools }: ContentPlan) {
    this.#thoughts = reasoning === null ? null : new ReasoningReader(reasoning.format, reasoning);
    this.#calls = tools === null ? null : new ToolReader(tools.format, tools.functions);
  }

  /** @returns what the text has become for sure */
  push(text: string): readonly ContentPiece[] {
    return this.#read(this.#thoughts?.push(text) ?? plain(text));
  }

  /** Once, after the last text. @param isCut the answer is not whole */
  end(isCut: boolean): readonly ContentPiece[] {
    const last = this.#read(this.#thoughts?.end() ?? []);
    return [...last, ...(this.#calls?.end(isCut) ?? [])];
  }

  #read(pieces: readonly ThoughtPiece[]): readonly ContentPiece[] {
    const calls = this.#calls;
    if (calls === null) return pieces;
    return pieces.flatMap((piece): readonly ContentPiece[] =>
      piece.kind === 'text' ? calls.push(piece.text) : [piece],
    );
  }
}

function plain(text: string): readonly ThoughtPiece[] {
  return text === '' ? [] : [{ kind: 'text', text }];
}
