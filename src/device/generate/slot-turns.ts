import { DECODE_STRIDE, TURN_STRIDE, type StepPlan } from '../../core/batch.js';
import type { DraftModel } from '../speculation/draft-model.js';
import type { DecodeRow } from './decode-part.js';
import type { DeviceSlot } from './device-slot.js';
import type { Extension, StepRows } from './extension.js';
import type { OpenSlots } from './open-slots.js';
import type { SequenceSize } from './run-groups.js';
import type { RunnerTools } from './run-parts.js';
import type { StepOutput } from './step-output.js';
import { verifyPart, type SlotTurn } from './verify-part.js';

/** What the turns of a step are. */
interface TurnRows {
  readonly verified: readonly Extension[];
  /** Those of one row, which is decoded. */
  readonly decoding: readonly DecodeRow[];
}

/** Turns of requests that speculate, as rows of the step's runs. */
export class SlotTurns {
  readonly #tools: RunnerTools;
  readonly #slots: OpenSlots;
  readonly #draftModel: DraftModel | null;

  constructor(tools: RunnerTools, slots: OpenSlots, draftModel: DraftModel | null) {
    this.#tools = tools;
    this.#slots = slots;
    this.#draftModel = draftModel;
  }

  /** Makes the drafts of a draft model, for all turns at once, then says what each turn is. */
  async of({ plan, output }: StepRows, betweenRuns: () => void): Promise<TurnRows> {
    const drafting = this.#turnsOf(plan).flatMap(({ slotId, slot, length, maxRows }) => {
      const { modelDrafter: drafter } = slot;
      return drafter === null
        ? []
        : { slotId, drafter, count: slot.numDraftsWanted(length, maxRows) };
    });
    await this.#draftModel?.prepare(drafting, betweenRuns);
    const decoding: DecodeRow[] = [];
    const verified: Extension[] = [];
    for (const { slotId, slot, length, maxRows, planRow } of this.#turnsOf(plan)) {
      const turn = slot.turn(length, maxRows);
      if (turn.isVerified) {
        const slotTurn = { slotId, slot, turn, planRow, output };
        const part = () => verifyPart(this.#tools, slotTurn);
        verified.push({ size: sizeOfTurn(slotTurn), part });
      } else {
        decoding.push({ slotId, slot, token: turn.known[0] ?? -1, emit: turn.samples, planRow });
      }
    }
    return { verified, decoding };
  }

  /** The turns that are decoded and whose requests are still there. */
  goingOn(rows: readonly DecodeRow[], output: StepOutput): DecodeRow[] {
    const { kv } = this.#tools;
    const goingOn = rows.filter(({ slot, slotId }) => slot.cancelledFrom > kv.lengthOf(slotId));
    for (const { planRow } of goingOn) {
      output.addTurn(planRow, { numRows: 1, numDrafts: 0, numCorrect: 0 });
    }
    return goingOn.map((row) => ({ ...row, emit: row.emit && !row.slot.isCancelled }));
  }

  /** Those that are still to be computed. */
  #turnsOf({ prefill, decode, turns }: StepPlan): PlannedTurn[] {
    const planned: PlannedTurn[] = [];
    const firstRow = prefill.length + decode.length / DECODE_STRIDE;
    for (let at = 0; at < turns.length; at += TURN_STRIDE) {
      const [slotId = 0, maxRows = 1] = turns.subarray(at, at + TURN_STRIDE);
      const slot = this.#slots.at(slotId);
      const length = this.#tools.kv.lengthOf(slotId);
      if (slot.ended || slot.cancelledFrom <= length) continue;
      planned.push({ slotId, slot, length, maxRows, planRow: firstRow + at / TURN_STRIDE });
    }
    return planned;
  }
}

interface PlannedTurn {
  readonly slotId: number;
  readonly slot: DeviceSlot;
  /** Rows that the slot has. */
  readonly length: number;
  /** Most rows of the turn. */
  readonly maxRows: number;
  readonly planRow: number;
}

/** Rows of a verification are even in number, and all but a dummy may go through the head. */
function sizeOfTurn({ slotId, turn: { known, drafts } }: SlotTurn): SequenceSize {
  const numTokens = known.length + drafts.length;
  return { slotId, numRows: numTokens + (numTokens % 2), numHeadRows: drafts.length + 1 };
}
