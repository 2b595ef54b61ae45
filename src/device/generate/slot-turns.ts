import { DECODE_STRIDE, TURN_STRIDE, type StepPlan } from '../../core/batch.js';
import type { DraftModel, DraftWish } from '../speculation/draft-model.js';
import { fitTurns, numFollowing } from '../speculation/fit-turns.js';
import { LatelyMost } from '../speculation/lately-most.js';
import type { TurnRun } from '../speculation/turn-price.js';
import type { DecodeRow } from './decode-part.js';
import type { DeviceSlot } from './device-slot.js';
import type { Extension, StepRows } from './extension.js';
import { followPart } from './follow-part.js';
import type { OpenSlots } from './open-slots.js';
import { PREFILL_HEAD_ROWS } from './prefill-runs.js';
import type { SequenceSize } from './run-groups.js';
import type { RunnerTools, RunPart } from './run-parts.js';
import { verifyPart, type SlotTurn } from './verify-part.js';

/** What the turns of a step are. */
interface TurnRows {
  readonly verified: readonly Extension[];
  /** Those whose first row is decoded. */
  readonly decoding: readonly SlotTurn[];
}

interface DecodingRows {
  readonly rows: readonly DecodeRow[];
  /** What follows some of them in their run. */
  readonly following: readonly RunPart[];
}

/** Turns of requests that speculate, as rows of the step's runs. */
export class SlotTurns {
  readonly #tools: RunnerTools;
  readonly #slots: OpenSlots;
  readonly #draftModel: DraftModel | null;
  readonly #lately = new LatelyMost();

  constructor(tools: RunnerTools, slots: OpenSlots, draftModel: DraftModel | null) {
    this.#tools = tools;
    this.#slots = slots;
    this.#draftModel = draftModel;
  }

  /**
   * Makes the drafts of a draft model, for all turns at once, then says what each turn is.
   *
   * @param beside sequences that the run which decodes extends as well
   */
  async of(
    { plan, output }: StepRows,
    beside: readonly SequenceSize[],
    betweenRuns: () => void,
  ): Promise<TurnRows> {
    const planned = this.#turnsOf(plan);
    const numDecoding = plan.decode.length / DECODE_STRIDE + planned.length;
    const isLone = numDecoding === 1 && beside.length === 0;
    const numLately = this.#lately.push(numDecoding + beside.length);
    const run = { numDecoding, numLately, isLone, numDrafting: planned.length };
    await this.#draftModel?.prepare(beginDrafts(planned, run), betweenRuns);
    const turns = planned.map(({ slotId, slot, numKeys, maxRows, planRow }): SlotTurn => {
      const turn = slot.turn(maxRows, { ...run, numKeys });
      return { slotId, slot, turn, planRow, output };
    });
    const verified = turns.filter(({ turn }) => turn.isVerified);
    return {
      verified: verified.map((turn) => {
        return { size: sizeOfTurn(turn), part: () => verifyPart(this.#tools, turn) };
      }),
      decoding: this.#fit(
        turns.filter(({ turn }) => !turn.isVerified),
        beside,
      ),
    };
  }

  #fit(turns: readonly SlotTurn[], beside: readonly SequenceSize[]): readonly SlotTurn[] {
    const { maxRows, maxSequences } = this.#tools.forward.prefill;
    const numRows = beside.reduce((sum, size) => sum + size.numRows, 0);
    const numHeadRows = beside.reduce((sum, size) => sum + size.numHeadRows, 0);
    const fitted = fitTurns(
      turns.map(({ turn }) => turn),
      {
        maxRows: Math.min(maxRows - numRows, PREFILL_HEAD_ROWS - numHeadRows),
        maxSequences: maxSequences - beside.length,
      },
    );
    return turns.map((slotTurn, i) => ({ ...slotTurn, turn: fitted[i] ?? slotTurn.turn }));
  }

  /** The rows of turns that are decoded, of those whose requests are still there. */
  decodingRows(turns: readonly SlotTurn[]): DecodingRows {
    const { kv } = this.#tools;
    const goingOn = turns.filter(({ slot, slotId }) => slot.cancelledFrom > kv.lengthOf(slotId));
    const rows = goingOn.map(({ slot, slotId, planRow, turn: { known, samples } }) => {
      const emit = samples && known.length === 1 && !slot.isCancelled;
      return { slotId, slot, token: known[0] ?? -1, emit, planRow };
    });
    const isFollowed = ({ turn }: SlotTurn): boolean => numFollowing(turn) > 0;
    for (const { slot, planRow, output } of goingOn.filter((turn) => !isFollowed(turn))) {
      output.addTurn(planRow, { numRows: 1, numDrafts: 0, numCorrect: 0 });
      slot.settleTurn(0, 0);
    }
    const following = goingOn.filter(isFollowed).map((turn) => followPart(this.#tools, turn));
    return { rows, following };
  }

  /** Those that are still to be computed. */
  #turnsOf({ prefill, decode, turns }: StepPlan): PlannedTurn[] {
    const planned: PlannedTurn[] = [];
    const firstRow = prefill.length + decode.length / DECODE_STRIDE;
    for (let at = 0; at < turns.length; at += TURN_STRIDE) {
      const [slotId = 0, maxRows = 1] = turns.subarray(at, at + TURN_STRIDE);
      const slot = this.#slots.at(slotId);
      const numKeys = this.#tools.kv.lengthOf(slotId);
      if (slot.ended || slot.cancelledFrom <= numKeys) continue;
      planned.push({ slotId, slot, numKeys, maxRows, planRow: firstRow + at / TURN_STRIDE });
    }
    return planned;
  }
}

/**
 * Who is drafted for by the draft model. A run of it is shared by all of them: so those to whom it is not worth its price
 * leave, and the others are asked again, who now pay more.
 */
function beginDrafts(planned: readonly PlannedTurn[], run: Omit<TurnRun, 'numKeys'>): DraftWish[] {
  const { numDrafting } = run;
  const drafting = planned.flatMap((turn) => {
    const { slot, numKeys, maxRows } = turn;
    if (slot.modelDrafter === null) return [];
    const count = slot.numDraftsWanted(maxRows, { ...run, numKeys });
    return count > 0 || slot.modelDrafter.isSteady
      ? { turn, drafter: slot.modelDrafter, count }
      : [];
  });
  if (drafting.length < numDrafting) {
    const fewer = drafting.map(({ turn }) => turn);
    return beginDrafts(fewer, { ...run, numDrafting: fewer.length });
  }
  return drafting.map(({ turn: { slotId, slot, numKeys }, drafter, count }) => {
    slot.beginDrafts(count, { ...run, numKeys });
    return { slotId, drafter, count };
  });
}

interface PlannedTurn {
  readonly slotId: number;
  readonly slot: DeviceSlot;
  /** Rows that the slot has. */
  readonly numKeys: number;
  /** Most rows of the turn. */
  readonly maxRows: number;
  readonly planRow: number;
}

/** Rows of a verification are even in number, and all but a dummy may go through the head. */
function sizeOfTurn({ slotId, turn: { known, drafts } }: SlotTurn): SequenceSize {
  const numTokens = known.length + drafts.length;
  return { slotId, numRows: numTokens + (numTokens % 2), numHeadRows: drafts.length + 1 };
}
