import type { PoolingMode } from '../../core/model-spec.js';
import { EMBED_INPUTS } from '../../model/graph/contract.js';
import { tensorOf, type Tensors } from '../ort.js';

/** Modes that no row has a weight in. */
type Unweighted = 'max' | 'tokens' | 'turn';

function isWeighted(mode: PoolingMode): mode is Exclude<PoolingMode, Unweighted> {
  return mode !== 'max' && mode !== 'tokens' && mode !== 'turn';
}

/** Weight of position `i` of `length` in the vector of a mode. */
const WEIGHTS: Readonly<
  Record<Exclude<PoolingMode, Unweighted>, (i: number, length: number) => number>
> = {
  cls: (i) => (i === 0 ? 1 : 0),
  last: (i, length) => (i === length - 1 ? 1 : 0),
  mean: (_, length) => 1 / length,
  mean_sqrt_len: (_, length) => 1 / Math.sqrt(length),
  weightedmean: (i, length) => (2 * (i + 1)) / (length * (length + 1)),
};

/**
 * The product that adds rows up takes them four by four: with whole fours of them a sum has the same bits however long the
 * others of a run are.
 */
const ROWS_MULTIPLE = 4;

/** Sequences that are padded to `width`. */
export interface PaddedLengths {
  readonly lengths: readonly number[];
  readonly width: number;
}

/** Which rows are pooled and with what weights. */
export function poolFeeds(padded: PaddedLengths, modes: readonly PoolingMode[]): Tensors {
  const rows = BigInt64Array.from(pooledRows(padded, modes), BigInt);
  const { values, dims } = poolWeights(padded.lengths, modes);
  return {
    [EMBED_INPUTS.headRows]: tensorOf('int64', rows, [rows.length]),
    [EMBED_INPUTS.poolWeights]: tensorOf('float32', values, dims),
  };
}

/** `[B, modes, P]`; what is behind a sequence weighs nothing. */
function poolWeights(lengths: readonly number[], modes: readonly PoolingMode[]) {
  const weighted = modes.filter(isWeighted);
  if (weighted.length === 0) return { values: new Float32Array(1), dims: [1, 1, 1] };
  const numRows = rowsPerSequence(lengths);
  const values = new Float32Array(lengths.length * weighted.length * numRows);
  for (const [sequence, length] of lengths.entries()) {
    for (const [index, mode] of weighted.entries()) {
      const first = (sequence * weighted.length + index) * numRows;
      for (let i = 0; i < length; i++) values[first + i] = WEIGHTS[mode](i, length);
    }
  }
  return { values, dims: [lengths.length, weighted.length, numRows] };
}

/** Indices into the flattened `[B * S]`. */
function pooledRows({ lengths, width }: PaddedLengths, modes: readonly PoolingMode[]): number[] {
  const [only] = modes;
  return lengths.flatMap((length, sequence) => {
    const first = sequence * width;
    if (modes.length === 1 && only === 'cls') return [first];
    if (modes.length === 1 && only === 'last') return [first + length - 1];
    const numRows = only === 'tokens' ? length : rowsPerSequence(lengths);
    return Array.from({ length: numRows }, (_, i) => first + Math.min(i, length - 1));
  });
}

function rowsPerSequence(lengths: readonly number[]): number {
  return Math.ceil(Math.max(...lengths) / ROWS_MULTIPLE) * ROWS_MULTIPLE;
}
