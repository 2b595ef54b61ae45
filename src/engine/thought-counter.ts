/** How the tokens of a thought are told from those of the answer. */
export interface ThoughtMarks {
  /** Ids of the opening tag; empty = the answer begins within the thought. */
  readonly start: readonly number[];
  /** Ids of the closing tag, at least one. */
  readonly end: readonly number[];
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
    this.#isOver = end.every((id, i) => id === this.#tail[i]);
  }
}
