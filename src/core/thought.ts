/** How the tokens of a thought are told from those of the answer. */
export interface ThoughtMarks {
  /** Ids of the opening tag; empty = the answer begins within the thought. */
  readonly start: readonly number[];
  /** Ids of the closing tag, at least one. */
  readonly end: readonly number[];
}

/** How long a thought may be: what comes then are the ids of its closing tag. */
export interface ThoughtBudget extends ThoughtMarks {
  /** >= 0, an opening tag that the model writes included. */
  readonly maxTokens: number;
}

/** Counts the tokens of an answer's thought, its tags among them, as SGLang does. */
export class ThoughtCounter {
  /** Tokens of the thought so far. */
  count = 0;
  readonly #marks: ThoughtMarks;
  #numStart = 0;
  /** The last tokens, as many as the closing tag has. */
  readonly #tail: number[] = [];
  #isOver = false;

  constructor(marks: ThoughtMarks) {
    this.#marks = marks;
  }

  /** The id with which the closing tag begins or goes on; null = no thought is open. */
  get closing(): number | null {
    const { start, end } = this.#marks;
    if (this.#isOver || this.#numStart < start.length) return null;
    let numMatched = Math.min(this.#tail.length, end.length - 1);
    while (!this.#endsWith(end.slice(0, numMatched))) numMatched--;
    return end[numMatched] ?? null;
  }

  push(token: number): void {
    if (this.#isOver) return;
    const { start, end } = this.#marks;
    if (this.#numStart < start.length) {
      // What does not begin with the tag is no thought.
      if (token === start[this.#numStart]) this.#numStart++;
      else this.#isOver = true;
      if (this.#numStart === start.length) this.count = start.length;
      return;
    }
    this.count++;
    this.#tail.push(token);
    if (this.#tail.length > end.length) this.#tail.shift();
    this.#isOver = this.#endsWith(end);
  }

  #endsWith(ids: readonly number[]): boolean {
    const from = this.#tail.length - ids.length;
    return ids.every((id, i) => id === this.#tail[from + i]);
  }
}
