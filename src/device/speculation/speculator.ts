import type { SteadyDrafter } from './drafter.js';
import type { TurnPlanner } from './turn-planner.js';
import type { Turn, TurnRoom } from './turn.js';

/**
 * Plans the turns of one request from its tokens, where the bits of a row depend on how it is made. Rows are made the
 * same way whenever they are made: by a verification or by decoding, as the drafter says of each, also where outputs are
 * only repeated after a retraction. What drafts cost and bring is not asked.
 */
export class Speculator implements TurnPlanner {
  readonly #drafter: SteadyDrafter;
  /** Grows as tokens are sampled. */
  readonly #outputIds: readonly number[];

  constructor(drafter: SteadyDrafter, outputIds: readonly number[]) {
    this.#drafter = drafter;
    this.#outputIds = outputIds;
  }

  /** The turn whose first row is that of output `first`. */
  plan(first: number, { maxRows, numLeft }: TurnRoom): Turn {
    const numOutputs = this.#outputIds.length;
    const known = this.#outputIds.slice(first, first + 1);
    const isVerified = this.#drafter.isVerified(first);
    if (isVerified) {
      const most = Math.min(maxRows, numOutputs - first);
      while (known.length < most && this.#drafter.isVerified(first + known.length)) {
        known.push(this.#outputIds[first + known.length] ?? 0);
      }
    }
    const samples = first + known.length === numOutputs;
    const room = Math.min(maxRows - known.length, numLeft - 1);
    const drafts = isVerified && samples ? this.#draft(known.length, room) : [];
    return { isVerified, known, drafts, samples };
  }

  /** Drafts of a model to have made for the turn: none where outputs are repeated. */
  numDraftsWanted(first: number, { maxRows, numLeft }: TurnRoom): number {
    const isLast = first === this.#outputIds.length - 1;
    return isLast ? evenDrafts(1, Math.min(maxRows - 1, numLeft - 1)) : 0;
  }

  beginDrafts(): void {
    // Nothing is counted.
  }

  settle(): void {
    // Nor here.
  }

  /** So many that the run has an even number of rows (docs/decisions/0001), if there is one. */
  #draft(numKnown: number, room: number): readonly number[] {
    return this.#drafter.draft(evenDrafts(numKnown, Math.min(this.#drafter.numDrafts, room)));
  }
}

/** At most `most` drafts, so many that they and the known tokens before them are even in number, if any. */
function evenDrafts(numKnown: number, most: number): number {
  return most > 0 && (numKnown + most) % 2 === 1 ? most - 1 : Math.max(0, most);
}
