/** Decoders that get the fragments of one token, as all do behind one that fuses. */

/** One decoder of a chain: has the state of one stream. */
export interface Stage {
  /** Settled tokens, or fragments of the one token that a fusing stage makes. */
  push(piece: string): readonly string[];
  /** What was held back. */
  end(): readonly string[];
}

/** What may begin a match waits for more. */
export class FusedReplace implements Stage {
  readonly #pattern: string;
  readonly #content: string;
  #held = '';

  constructor(pattern: string, content: string) {
    this.#pattern = pattern;
    this.#content = content;
  }

  push(fragment: string): readonly string[] {
    const parts = (this.#held + fragment).split(this.#pattern);
    const last = parts.pop() ?? '';
    const keep = overlap(last, this.#pattern);
    this.#held = last.slice(last.length - keep);
    parts.push(last.slice(0, last.length - keep));
    return [parts.join(this.#content)];
  }

  end(): readonly string[] {
    return [this.#held];
  }
}

/** Length of the longest proper prefix of `pattern` that `text` ends with. */
function overlap(text: string, pattern: string): number {
  for (let n = Math.min(pattern.length - 1, text.length); n > 0; n--) {
    if (text.endsWith(pattern.slice(0, n))) return n;
  }
  return 0;
}

/** Takes up to `start` of a character from the front of the text, and up to `stop` from its end. */
export class FusedStrip implements Stage {
  readonly #content: string;
  readonly #stop: number;
  #left: number;
  #held = '';

  constructor(content: string, start: number, stop: number) {
    this.#content = content;
    this.#left = start;
    this.#stop = stop;
  }

  push(fragment: string): readonly string[] {
    const taken = countAtStart(fragment, this.#content, this.#left);
    const rest = fragment.slice(taken * this.#content.length);
    this.#left = rest === '' ? this.#left - taken : 0;
    const text = this.#held + rest;
    const kept = countAtEnd(text, this.#content, this.#stop) * this.#content.length;
    this.#held = text.slice(text.length - kept);
    return [text.slice(0, text.length - kept)];
  }

  end(): readonly string[] {
    return [];
  }
}

export function countAtStart(text: string, content: string, limit: number): number {
  let count = 0;
  while (count < limit && text.startsWith(content, count * content.length)) count++;
  return count;
}

export function countAtEnd(text: string, content: string, limit: number): number {
  let count = 0;
  while (count < limit && text.endsWith(content, text.length - count * content.length)) count++;
  return count;
}
