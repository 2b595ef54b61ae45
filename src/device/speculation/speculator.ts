import type { SlotSpeculation } from '../../core/speculation.js';
import { PromptLookup } from './prompt-lookup.js';

/** The next rows of a request that speculates. */
export interface Turn {
  /** False = `known` is one token, for the decode run. */
  readonly isVerified: boolean;
  /** Tokens to feed that are certain, at least one. */
  readonly known: readonly number[];
  /** Tokens to feed behind them that may turn out wrong. */
  readonly drafts: readonly number[];
  /** The next token is sampled behind `known`; false = it is known already. */
  readonly samples: boolean;
}

export interface TurnRoom {
  /** Most rows of the turn, at least 1. */
  readonly maxRows: number;
  /** Tokens that the request may still put out. */
  readonly numLeft: number;
}

/**
 * Plans the turns of one request from its tokens. Rows are made the same way whenever they are made: by a verification
 * as long as drafts are right, else by decoding, also where outputs are only repeated after a retraction.
 */
export class Speculator {
  readonly #speculation: SlotSpeculation;
  /** Grows as tokens are sampled. */
  readonly #outputIds: readonly number[];
  /** Made for the first turn: the first token does not wait for it. */
  #lookup: PromptLookup | null = null;
  /** Outputs that the look-up has. */
  #numPushed = 0;

  constructor(speculation: SlotSpeculation, outputIds: readonly number[]) {
    this.#speculation = speculation;
    this.#outputIds = outputIds;
  }

  /** The turn whose first row is that of output `first`. */
  plan(first: number, { maxRows, numLeft }: TurnRoom): Turn {
    const numOutputs = this.#outputIds.length;
    const known = this.#outputIds.slice(first, first + 1);
    const isVerified = this.#isVerified(first);
    if (isVerified) {
      const most = Math.min(maxRows, numOutputs - first);
      while (known.length < most && this.#isVerified(first + known.length)) {
        known.push(this.#outputIds[first + known.length] ?? 0);
      }
    }
    const samples = first + known.length === numOutputs;
    const room = Math.min(maxRows - known.length, numLeft - 1);
    const drafts = isVerified && samples ? this.#draft(known.length, room) : [];
    return { isVerified, known, drafts, samples };
  }

  /** Whether the row of output `index` is one of a verification. Asked for in rising order. */
  #isVerified(index: number): boolean {
    const { promptIds } = this.#speculation;
    const lookup = (this.#lookup ??= new PromptLookup(this.#speculation, promptIds));
    while (this.#numPushed <= index) lookup.push(this.#outputIds[this.#numPushed++] ?? 0);
    return lookup.isDrafting;
  }

  /** So many that the run has an even number of rows (docs/decisions/0001), if there is one. */
  #draft(numKnown: number, room: number): number[] {
    const most = Math.min(this.#lookup?.numDrafts ?? 0, room);
    const count = most > 0 && (numKnown + most) % 2 === 1 ? most - 1 : Math.max(0, most);
    return this.#lookup?.draft(count) ?? [];
  }
}
