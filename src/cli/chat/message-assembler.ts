/** What became of a line. */
export type Assembled =
  /** More lines belong to it. */
  | { readonly kind: 'more' }
  | { readonly kind: 'command'; readonly text: string }
  | { readonly kind: 'message'; readonly text: string };

const FENCE = '"""';
/** What a fence may open: a message, or the text of `/system`. */
const OPENING = /^(\/system\s+)?"""/;

/** Lines → messages of one or several lines: between `"""`, or each but the last with `\` at its end. */
export class MessageAssembler {
  #lines: string[] = [];
  #isFenced = false;
  /** `/system ` of a fenced text; null = a message. */
  #command: string | null = null;

  get isEmpty(): boolean {
    return this.#lines.length === 0 && !this.#isFenced;
  }

  push(line: string): Assembled {
    if (this.#isFenced) return this.#fenced(line);
    const opening = this.#lines.length === 0 ? OPENING.exec(line) : null;
    if (opening !== null) {
      this.#isFenced = true;
      this.#command = opening[1] ?? null;
      return this.#fenced(line.slice(opening[0].length));
    }
    if (line.endsWith('\\')) {
      this.#lines.push(line.slice(0, -1));
      return { kind: 'more' };
    }
    const isCommand = this.#lines.length === 0 && line.startsWith('/');
    return this.#end([...this.#lines, line].join('\n'), isCommand);
  }

  /** Forgets what was begun. @returns what there was of it */
  reset(): string {
    const begun = this.#lines.join('\n');
    this.#lines = [];
    this.#isFenced = false;
    this.#command = null;
    return begun;
  }

  #fenced(line: string): Assembled {
    const isLast = line.trimEnd().endsWith(FENCE);
    this.#lines.push(isLast ? line.trimEnd().slice(0, -FENCE.length) : line);
    if (!isLast) return { kind: 'more' };
    // The fences' own line ends are no part of the text.
    const text = this.#lines.join('\n').replace(/^\n|\n$/g, '');
    return this.#end((this.#command ?? '') + text, this.#command !== null);
  }

  #end(text: string, isCommand: boolean): Assembled {
    this.reset();
    return { kind: isCommand ? 'command' : 'message', text };
  }
}
