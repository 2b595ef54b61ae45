import { RESULT_STRIDE, TURN_RESULT_STRIDE, type StepResult } from '../../core/batch.js';
import type { DeviceLink, PostedStep } from '../devices/link.js';

/** What the step's turns did, before its tokens are read: they may end requests whose drafts still count. */
export function acceptTurns(link: DeviceLink, posted: PostedStep, result: StepResult): void {
  const firstRow = posted.rows.length - posted.turnRows.length;
  const sampled = new Set(result.tokens.filter((_, i) => i % RESULT_STRIDE === 0));
  const turns = turnsByRow(result.turns);
  posted.turnRows.forEach((maxRows, i) => {
    const seat = posted.rows[firstRow + i];
    const { numRows, numDrafts, numCorrect } = turns.get(firstRow + i) ?? NOTHING;
    seat?.turned(maxRows, numRows);
    if (seat?.isLive !== true || !sampled.has(firstRow + i)) return;
    seat.req.drafts.add(numDrafts, numCorrect);
    link.stats.addDrafts(numDrafts, numCorrect);
  });
}

const NOTHING = { numRows: 0, numDrafts: 0, numCorrect: 0 };

function turnsByRow(turns: Int32Array): ReadonlyMap<number, typeof NOTHING> {
  const byRow = new Map<number, typeof NOTHING>();
  for (let at = 0; at < turns.length; at += TURN_RESULT_STRIDE) {
    const [planRow = 0, numRows = 0, numDrafts = 0, numCorrect = 0] = turns.subarray(at);
    byRow.set(planRow, { numRows, numDrafts, numCorrect });
  }
  return byRow;
}
