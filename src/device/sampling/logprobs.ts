import type { LogprobRow, LogprobWants } from '../../core/sampling-params.js';
import { largest } from './full-row.js';
import { logprobRow, type HeadRows } from './head-rows.js';

/** Log-probabilities of one scored position, and where the best ones of it are read from. */
export interface ScoredRow {
  /** `[vocabSize]` */
  readonly values: Float32Array;
  /** The best ids in falling order, at least `topNum` of them where the vocabulary has so many. */
  readonly top: (topNum: number) => readonly number[];
}

/** A row as the graph gave it: up to 64 best ids are sorted already. */
export function graphRow(head: HeadRows, row: number): ScoredRow {
  const values = logprobRow(head, row);
  const from = row * head.topCount;
  return {
    values,
    top: (topNum) =>
      topNum <= head.topCount
        ? Array.from(head.topIds.subarray(from, from + topNum), Number)
        : largest(values, topNum),
  };
}

/** A row that penalties or masks changed. */
export function adjustedRow(values: Float32Array): ScoredRow {
  return { values, top: (topNum) => largest(values, topNum) };
}

/** The token that stands there, then the best ones, then those asked for by id. */
export function gatherLogprobs(row: ScoredRow, token: number, wants: LogprobWants): LogprobRow {
  const ids = Int32Array.of(token, ...row.top(wants.topNum), ...wants.tokenIds);
  return { ids, values: Float32Array.from(ids, (id) => row.values[id] ?? NaN) };
}
