import type { StepResult } from '../../../../src/core/batch.js';
import { newStory, record, type Story } from '../runner-harness.js';

/** What a request that speculates got, and what its turns did. */
export interface Told extends Story {
  numDrafts: number;
  numCorrect: number;
  /** Rows of each turn. */
  readonly rows: number[];
}

export function newTold(): Told {
  return { ...newStory(), numDrafts: 0, numCorrect: 0, rows: [] };
}

/** Adds what plan row `planRow` brought. */
export function tell(told: Told, result: StepResult, planRow: number): void {
  record(told, result, planRow);
  for (let at = 0; at < result.turns.length; at += 4) {
    const [row, numRows = 0, numDrafts = 0, numCorrect = 0] = result.turns.subarray(at);
    if (row !== planRow) continue;
    told.rows.push(numRows);
    told.numDrafts += numDrafts;
    told.numCorrect += numCorrect;
  }
}
