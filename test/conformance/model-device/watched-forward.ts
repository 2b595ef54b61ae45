import type { Forward, ForwardInput, PrefillRule } from '../../../src/device/backend.js';
import type { HeadRows } from '../../../src/device/sampling/head-rows.js';

/** A run that was made: its sequences, and the rows of each. */
export interface WatchedRun {
  readonly slots: readonly number[];
  /** Position of the first row of each sequence. */
  readonly positions: readonly number[];
  /** Of the longest sequence, dummies included. */
  readonly numRows: number;
}

/**
 * A back end's forward, of which nothing can be read but what was asked for: head rows of the run before, and of this
 * one the rows that need not be whole, hold no numbers.
 */
export class WatchedForward implements Forward {
  readonly runs: WatchedRun[] = [];
  readonly #inner: Forward;

  constructor(inner: Forward) {
    this.#inner = inner;
  }

  get head(): HeadRows {
    return this.#inner.head;
  }

  get experts(): readonly BigInt64Array[] {
    return this.#inner.experts;
  }

  get hidden(): Float32Array<ArrayBuffer> {
    return this.#inner.hidden;
  }

  get moe(): Forward['moe'] {
    return this.#inner.moe;
  }

  get prefill(): PrefillRule {
    return this.#inner.prefill;
  }

  async run(input: ForwardInput): Promise<void> {
    const { logprobs, topValues, topIds } = this.head;
    logprobs.fill(NaN);
    topValues.fill(NaN);
    topIds.fill(-1n);
    this.head.logits?.fill(NaN);
    const { slots, counts, lengths } = input;
    const positions = Array.from(lengths, (length, i) => length - (counts[i] ?? 0));
    this.runs.push({ slots, positions, numRows: Math.max(...counts) });
    await this.#inner.run(input);
    input.wholeRows.forEach((isWhole, row) => {
      if (!isWhole) this.#forget(row);
    });
    if (!input.wantLogits) this.head.logits?.fill(NaN);
  }

  /** The CPU writes all rows whole, whoever asked. */
  #forget(row: number): void {
    const { logprobs, logits, vocabSize } = this.head;
    for (const rows of [logprobs, logits]) rows?.fill(NaN, row * vocabSize, (row + 1) * vocabSize);
  }
}
