import { TOP_ROWS } from '../../model/graph/contract.js';

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

/** Room for what runs write: at most `capacity` head rows. */
export class HeadBuffers implements HeadRows {
  readonly vocabSize: number;
  readonly topCount: number;
  readonly logprobs: Float32Array;
  readonly topValues: Float32Array;
  readonly topIds: BigInt64Array;
  logits: Float32Array | null = null;

  constructor(vocabSize: number, capacity: number) {
    this.vocabSize = vocabSize;
    this.topCount = Math.min(TOP_ROWS, vocabSize);
    this.logprobs = new Float32Array(capacity * vocabSize);
    this.topValues = new Float32Array(capacity * this.topCount);
    this.topIds = new BigInt64Array(capacity * this.topCount);
  }

  /** {@link logits}, made for the first run that asks for them. */
  roomForLogits(): Float32Array {
    this.logits ??= new Float32Array(this.logprobs.length);
    return this.logits;
  }
}

/** Log-probabilities of one head row, `[vocabSize]`: a view. */
export function logprobRow(head: HeadRows, row: number): Float32Array {
  return head.logprobs.subarray(row * head.vocabSize, (row + 1) * head.vocabSize);
}

/** Whether a head row can be sampled: false when the model gave no distribution there: NaN spreads over the whole row. */
export function isDistribution(head: HeadRows, row: number): boolean {
  return Number.isFinite(head.topValues[row * head.topCount]);
}
