/**
 * What the graph wrote for the rows that went through the head, R at most the capacity of the buffers.
 * Overwritten by the next run: whoever reads it does so before.
 */
export interface HeadRows {
  readonly vocabSize: number;
  /** `min(64, vocabSize)` */
  readonly topCount: number;
  /** `[R, vocabSize]`: log-softmax of logits / temperature. */
  readonly logprobs: Float32Array;
  /** `[R, topCount]`, largest first; equal values by rising id. */
  readonly topValues: Float32Array;
  /** `[R, topCount]`: ids of {@link topValues}. */
  readonly topIds: BigInt64Array;
  /** `[R, vocabSize]` before temperature; only written by runs that asked for it. */
  readonly logits: Float32Array | null;
}

/** Log-probabilities of one head row, `[vocabSize]`: a view. */
export function logprobRow(head: HeadRows, row: number): Float32Array {
  return head.logprobs.subarray(row * head.vocabSize, (row + 1) * head.vocabSize);
}

/** Whether a head row can be sampled: false when the model gave no distribution there: NaN spreads over the whole row. */
export function isDistribution(head: HeadRows, row: number): boolean {
  return Number.isFinite(head.topValues[row * head.topCount]);
}
