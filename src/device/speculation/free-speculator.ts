import type { RowCosts } from '../../core/speculation.js';
import type { DraftAccount } from './draft-account.js';
import type { FreeDrafter } from './drafter.js';
import type { Turn, TurnRoom } from './turn.js';
import type { TurnPlanner } from './turn-planner.js';
import { draftsWorth, MARGIN, turnPrice, type TurnRun, type Worth } from './turn-price.js';

/** Nothing is thought of the rest of an answer with fewer outputs: others may still be on their way into the batch. */
const OUTPUTS_MIN = 8;
/** Then an answer has as many outputs to come as it has, and at least these. */
const FORESEEN_MIN = 64;

interface SpeculatorParts {
  readonly costs: RowCosts;
  /** Of the device. */
  readonly account: DraftAccount;
}

/**
 * Plans the turns of one request where a row has the same bits whether it is verified or decoded: outputs that are
 * repeated, after a retraction, come as many at once as there is room for, and drafts go by their price.
 */
export class FreeSpeculator implements TurnPlanner {
  readonly #drafter: FreeDrafter;
  /** Grows as tokens are sampled. */
  readonly #outputIds: readonly number[];
  readonly #costs: RowCosts;
  readonly #account: DraftAccount;
  /** The run of the last turn. */
  #run: TurnRun | null = null;
  /** A draft model has made drafts for the next turn: they are paid for. */
  #hasBegun = false;

  constructor(
    drafter: FreeDrafter,
    outputIds: readonly number[],
    { costs, account }: SpeculatorParts,
  ) {
    this.#drafter = drafter;
    this.#outputIds = outputIds;
    this.#costs = costs;
    this.#account = account;
  }

  /** The turn whose first row is that of output `first`. */
  plan(first: number, { maxRows, numLeft }: TurnRoom, run: TurnRun): Turn {
    this.#run = run;
    const known = this.#outputIds.slice(first, first + maxRows);
    const samples = first + known.length === this.#outputIds.length;
    const room = Math.min(maxRows - known.length, numLeft - 1);
    const most = samples ? Math.min(room, this.#drafter.numDrafts) : 0;
    const mayDraft = this.#hasBegun || this.#account.isOpen;
    this.#hasBegun = false;
    const { count } = this.#worth(mayDraft ? most : 0, turnPrice(this.#costs, run));
    return { isVerified: false, known, drafts: this.#drafter.draft(count), samples };
  }

  /** Drafts of a model to have made for the turn: none where outputs are repeated. */
  numDraftsWanted(first: number, { maxRows, numLeft }: TurnRoom, run: TurnRun): number {
    if (first !== this.#outputIds.length - 1 || !this.#account.isOpen) return 0;
    const most = Math.min(maxRows - 1, numLeft - 1);
    const { count } = this.#worthOfModel(most, run);
    return this.#paysCatchingUp(most, numLeft, run) ? count : 0;
  }

  /** The draft model makes `count` drafts for the turn. */
  beginDrafts(count: number, run: TurnRun): void {
    this.#hasBegun = true;
    this.#account.spend(count * turnPrice(this.#costs, run).draftRun + this.#catchUpCost);
  }

  /** What the last turn brought. */
  settle(numDrafts: number, numCorrect: number): void {
    if (this.#run === null) return;
    const { perToken, any, each, share } = turnPrice(this.#costs, this.#run);
    this.#account.allow(share);
    if (numDrafts > 0) this.#account.spend(any + numDrafts * each);
    this.#account.win(numCorrect * perToken);
  }

  /**
   * What the draft model has not seen is computed if it pays for itself in the rest of the answer: in a batch as it was
   * lately, so not in the moment before others come.
   */
  #paysCatchingUp(most: number, numLeft: number, run: TurnRun): boolean {
    const numOutputs = this.#outputIds.length;
    const foreseen = numOutputs < OUTPUTS_MIN ? 0 : Math.max(numOutputs, FORESEEN_MIN);
    const numDecoding = Math.max(run.numDecoding, run.numLately);
    const { won, numTokens } = this.#worthOfModel(most, { ...run, numDecoding });
    return (won * Math.min(numLeft, foreseen)) / numTokens >= this.#catchUpCost;
  }

  get #catchUpCost(): number {
    return MARGIN * (this.#costs.draftModel?.textRow ?? 0) * this.#drafter.numUnseen;
  }

  /** Of drafts that a model is still to make. */
  #worthOfModel(most: number, run: TurnRun): Worth {
    const price = turnPrice(this.#costs, run);
    return this.#worth(most, { ...price, each: price.each + price.draftRun });
  }

  #worth(most: number, price: Parameters<typeof draftsWorth>[2]): Worth {
    return draftsWorth(most, (index) => this.#drafter.chanceOf(index), price);
  }
}
