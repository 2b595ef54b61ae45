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
    const drafts = samples && room > 0 ? this.#draft(room, run) : [];
    return { isVerified: false, known, drafts, samples };
  }

  #draft(room: number, run: TurnRun): readonly number[] {
    const price = turnPrice(this.#costs, run);
    const most = Math.min(room, this.#drafter.numDrafts);
    const chanceOf = (index: number): number => this.#drafter.chanceOf(index);
    return this.#drafter.draft(numDraftsWorth(most, chanceOf, price));
  }
}
