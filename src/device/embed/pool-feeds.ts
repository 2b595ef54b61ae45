import type { PoolingMode } from '../../core/model-spec.js';
import { EMBED_INPUTS } from '../../model/graph/contract.js';
import { tensorOf, type Tensors } from '../ort.js';

/** A row of a run that is pooled. */
interface PooledRow {
  readonly sequence: number;
  /** Index into the flattened `[B * S]`. */
  readonly row: number;
  /** Position in its sequence; null repeats the last one in the place of padding. */
  readonly position: number | null;
}

/** Modes that no row has a weight in. */
type Unweighted = 'max' | 'tokens';

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

/** Which rows are pooled and with what weights, for sequences of these `lengths`, padded to the longest. */
export function poolFeeds(lengths: readonly number[], modes: readonly PoolingMode[]): Tensors {
  const pooled = pooledRows(lengths, modes);
  const weighted = modes.filter((mode) => mode !== 'max' && mode !== 'tokens');
  const numRows = pooled.length;
  const weights = new Float32Array(Math.max(1, weighted.length * lengths.length) * numRows);
  for (const [index, mode] of weighted.entries()) {
    for (const [at, { sequence, position }] of pooled.entries()) {
      if (position === null) continue;
      const line = index * lengths.length + sequence;
      weights[line * numRows + at] = WEIGHTS[mode](position, lengths[sequence] ?? 0);
    }
  }
  const rows = BigInt64Array.from(pooled, ({ row }) => BigInt(row));
  return {
    [EMBED_INPUTS.headRows]: tensorOf('int64', rows, [numRows]),
    [EMBED_INPUTS.poolWeights]: tensorOf('float32', weights, [weights.length / numRows, numRows]),
  };
}

function pooledRows(lengths: readonly number[], modes: readonly PoolingMode[]): PooledRow[] {
  const width = Math.max(...lengths);
  const [only] = modes;
  const isSingle = modes.length === 1 && (only === 'cls' || only === 'last');
  return lengths.flatMap((length, sequence) => {
    const first = sequence * width;
    if (isSingle) {
      const position = only === 'cls' ? 0 : length - 1;
      return [{ sequence, row: first + position, position }];
    }
    const numRows = modes.includes('max') ? width : length;
    return Array.from({ length: numRows }, (_, i) =>
      i < length
        ? { sequence, row: first + i, position: i }
        : { sequence, row: first + length - 1, position: null },
    );
  });
}
