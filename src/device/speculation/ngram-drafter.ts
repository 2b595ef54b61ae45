import type { FreeDrafter } from './drafter.js';
import { MatchChances } from './match-chances.js';
import { NgramFollower } from './ngram-follower.js';
import type { NgramWindows } from './ngram-index.js';

/** `--speculative-algorithm NGRAM`: drafts from the request's own tokens, from any match that is worth it. */
export class NgramDrafter implements FreeDrafter {
  readonly numUnseen = 0;
  readonly #windows: NgramWindows;
  readonly #promptIds: Int32Array;
  /** Grows as tokens are sampled. */
  readonly #outputIds: readonly number[];
  readonly #matches = new MatchChances();
  /** Made for the first turn: the first token does not wait for it. */
  #follower: NgramFollower | null = null;
  /** Outputs that it has. */
  #numPushed = 0;

  constructor(windows: NgramWindows, promptIds: Int32Array, outputIds: readonly number[]) {
    this.#windows = windows;
    this.#promptIds = promptIds;
    this.#outputIds = outputIds;
  }

  get numDrafts(): number {
    return this.#caughtUp().matched === 0 ? 0 : Infinity;
  }

  chanceOf(index: number): number {
    return this.#matches.chance(this.#caughtUp().matched + index);
  }

  draft(count: number): readonly number[] {
    return this.#caughtUp().draft(count);
  }

  #caughtUp(): NgramFollower {
    const follower = (this.#follower ??= new NgramFollower(this.#windows, this.#promptIds));
    for (; this.#numPushed < this.#outputIds.length; this.#numPushed++) {
      const { matched } = follower;
      const isHit = follower.push(this.#outputIds[this.#numPushed] ?? 0);
      if (matched > 0) this.#matches.count(matched, isHit);
    }
    return follower;
  }
}
