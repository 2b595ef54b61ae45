import type { RowCosts } from '../../core/speculation.js';
import type { FreeDrafter } from './drafter.js';
import type { Turn, TurnRoom } from './speculator.js';
import { numDraftsWorth, turnPrice, type TurnRun } from './turn-price.js';

/**
 * Plans the turns of one request where a row has the same bits whether it is verified or decoded: outputs that are
 * repeated, after a retraction, come as many at once as there is room for, and drafts go by their price.
 */
export class FreeSpeculator {
  readonly #drafter: FreeDrafter;
  /** Grows as tokens are sampled. */
  readonly #outputIds: readonly number[];
  readonly #costs: RowCosts;

  constructor(drafter: FreeDrafter, outputIds: readonly number[], costs: RowCosts) {
    this.#drafter = drafter;
    this.#outputIds = outputIds;
    this.#costs = costs;
  }

  /** The turn whose first row is that of output `first`. */
  plan(first: number, { maxRows, numLeft }: TurnRoom, run: TurnRun): Turn {
    const known = this.#outputIds.slice(first, first + maxRows);
    const samples = first + known.length === this.#outputIds.length;
    const room = Math.min(maxRows - known.length, numLeft - 1);
    const most = samples ? Math.min(room, this.#drafter.numDrafts) : 0;
    const drafts = this.#drafter.draft(this.#numWorth(most, run));
    return { isVerified: false, known, drafts, samples };
  }

  /** Drafts of a model to have made for the turn: none where outputs are repeated. */
  numDraftsWanted(first: number, { maxRows, numLeft }: TurnRoom, run: TurnRun): number {
    if (first !== this.#outputIds.length - 1) return 0;
    return this.#numWorth(Math.min(maxRows - 1, numLeft - 1), run);
  }

  #numWorth(most: number, run: TurnRun): number {
    if (most <= 0) return 0;
    const chanceOf = (index: number): number => this.#drafter.chanceOf(index);
    return numDraftsWorth(most, chanceOf, turnPrice(this.#costs, run));
  }
}
