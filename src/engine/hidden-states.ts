import { hiddenRowsFrom, type HiddenRows, type HiddenStatesMode } from '../core/hidden-states.js';

/** The final hidden states of one sample as they come in, row by row, without gaps. */
export class HiddenStates {
  readonly mode: HiddenStatesMode;
  readonly #promptLen: number;
  readonly #parts: HiddenRows[] = [];

  constructor(mode: HiddenStatesMode, promptLen: number) {
    this.mode = mode;
    this.#promptLen = promptLen;
  }

  /** @param numOutputs tokens of the answer so far: rows behind those that they were drawn from never were */
  accept(rows: HiddenRows, numOutputs: number): void {
    if (this.mode === 'last') {
      if (rows.position >= this.#endRow(numOutputs)) return;
      this.#parts.length = 0;
    }
    this.#parts.push(rows);
  }

  /** The prompt's rows, `[hiddenSize]` each; empty until all are there, and for `last`. */
  get prompt(): readonly Float32Array[] {
    const rows = this.#rows(0, this.#promptLen);
    return rows.length === this.#promptLen ? rows : [];
  }

  /** Of each token of the answer but the first the row that it was drawn from, `[hiddenSize]`. Empty for `last`. */
  outputs(numOutputs: number): readonly Float32Array[] {
    return this.mode === 'last' ? [] : this.#rows(this.#promptLen, this.#endRow(numOutputs));
  }

  /** The row that the last of `numOutputs` tokens was drawn from; null when there is none yet. */
  last(numOutputs: number): Float32Array | null {
    const end = this.#endRow(numOutputs);
    return this.#rows(end - 1, end)[0] ?? null;
  }

  /** The first token is drawn from the prompt's last row. */
  #endRow(numOutputs: number): number {
    return this.#promptLen + Math.max(1, numOutputs) - 1;
  }

  /** Rows `[from, to)`, as far as they are there. */
  #rows(from: number, to: number): readonly Float32Array[] {
    return this.#parts.flatMap((part) => {
      const rest = hiddenRowsFrom(part, from);
      if (rest === null) return [];
      const numRows = Math.max(0, Math.min(rest.numRows, to - rest.position));
      const width = rest.values.length / rest.numRows;
      return Array.from({ length: numRows }, (_, i) =>
        rest.values.subarray(i * width, (i + 1) * width),
      );
    });
  }
}
