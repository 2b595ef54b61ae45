import { needsLogits } from '../sampling/penalties.js';
import { needsWholeRow } from './row-sampler.js';
import type { RunnerTools, RunPart } from './run-parts.js';
import type { SlotTurn } from './verify-part.js';

/**
 * The rows of a turn behind its first one, which is decoded in the same run: tokens that are known, and drafts. Each has
 * the bits that it would have alone. A draft's row stays while the draft is what was chosen before it.
 */
export function followPart(
  { kv, forward, sampler }: RunnerTools,
  { slotId, slot, turn: { known, drafts, samples }, planRow, output }: SlotTurn,
): RunPart {
  const [, ...following] = [...known, ...drafts];
  const position = kv.lengthOf(slotId);
  const numKnown = known.length - 1;
  const chooses = samples && !slot.isCancelled;
  // The first token is chosen by the last row that is known, which may be the decode row.
  const firstChosen = numKnown === 0 ? 0 : numKnown - 1;
  const chosen = chooses ? [...following.keys()].slice(firstChosen) : [];
  const { temperature } = slot.params;
  const isWhole = needsWholeRow(slot, forward.head);
  return {
    slots: [slotId],
    adapters: [slot.adapter],
    counts: [following.length],
    lengths: [position + 1 + following.length],
    tokens: Int32Array.from(following),
    follows: true,
    headRows: chosen.map((row) => ({ row, temperature, isWhole })),
    wantExperts: output.routing !== null,
    wantLogits: chosen.length > 0 && needsLogits(slot.params),
    hiddenRows: [],
    take: ({ firstRow, firstHeadRow }) => {
      let numCorrect = 0;
      const draftCame = (): boolean => !slot.ended && slot.lastToken === drafts[numCorrect];
      for (const [i, row] of chosen.entries()) {
        const isDraft = row >= numKnown;
        if (isDraft && !draftCame()) break;
        if (isDraft) numCorrect++;
        sampler.sample(slot, slot.forcedToken, { row: firstHeadRow + i, planRow, output });
      }
      const numRows = numKnown + numCorrect;
      output.routing?.add(
        following.slice(0, numRows).map((token, row) => {
          return { runRow: firstRow + row, planRow, position: position + 1 + row, token };
        }),
        forward.experts,
      );
      kv.setLength(slotId, position + 1 + numRows);
      output.addTurn(planRow, { numRows: 1 + numRows, numDrafts: drafts.length, numCorrect });
      slot.settleTurn(drafts.length, numCorrect);
    },
  };
}
