import type { SteadyDrafter } from './drafter.js';
import type { NgramWindows } from './ngram-index.js';
import { PromptLookup } from './prompt-lookup.js';

/** `--speculative-algorithm NGRAM` where who is verified must go by the tokens. */
export class SteadyNgramDrafter implements SteadyDrafter {
  readonly #windows: NgramWindows;
  readonly #promptIds: Int32Array;
  /** Grows as tokens are sampled. */
  readonly #outputIds: readonly number[];
  /** Made for the first turn: the first token does not wait for it. */
  #lookup: PromptLookup | null = null;
  /** Outputs that the look-up has. */
  #numPushed = 0;

  constructor(windows: NgramWindows, promptIds: Int32Array, outputIds: readonly number[]) {
    this.#windows = windows;
    this.#promptIds = promptIds;
    this.#outputIds = outputIds;
  }

  get numDrafts(): number {
    return this.#lookup?.numDrafts ?? 0;
  }

  isVerified(index: number): boolean {
    const lookup = (this.#lookup ??= new PromptLookup(this.#windows, this.#promptIds));
    while (this.#numPushed <= index) lookup.push(this.#outputIds[this.#numPushed++] ?? 0);
    return lookup.isDrafting;
  }

  draft(count: number): readonly number[] {
    return this.#lookup?.draft(count) ?? [];
  }
}
