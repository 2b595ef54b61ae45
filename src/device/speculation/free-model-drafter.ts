import type { DraftRecord } from './draft-record.js';
import type { FreeDrafter } from './drafter.js';
import { HitRate } from './hit-rate.js';
import type { MissingRows, ModelDrafts } from './model-drafts.js';

/**
 * `--speculative-algorithm STANDALONE` where verified rows have the bits of decode rows: the draft model computes for a
 * request when its drafts are worth it, and knows nothing of the outputs between.
 */
export class FreeModelDrafter implements FreeDrafter, ModelDrafts {
  readonly isSteady = false;
  readonly isOn = true;
  readonly numDraftsMax = Infinity;
  readonly #promptIds: Int32Array;
  /** Grows as tokens are sampled. */
  readonly #outputIds: readonly number[];
  readonly #hitRate: HitRate;
  /** Rows of the prompt in the model's slot. */
  #numPromptRows = 0;
  /** Tokens behind the prompt in the model's slot: outputs, then drafts. */
  readonly #held: number[] = [];
  /** The model's choice behind each of them; -1 = it was not asked. */
  readonly #choices: number[] = [];
  /** Outputs whose drafts are judged. */
  #numJudged = 0;

  constructor(promptIds: Int32Array, outputIds: readonly number[], record: DraftRecord) {
    this.#promptIds = promptIds;
    this.#outputIds = outputIds;
    this.#hitRate = new HitRate(record);
  }

  get numUnseen(): number {
    this.#catchUp();
    const numUnseen = this.#promptIds.length - this.#numPromptRows;
    return Math.max(0, numUnseen + this.#outputIds.length - this.#held.length - 1);
  }

  get numDrafts(): number {
    this.#catchUp();
    return Math.max(0, this.#choices.length + 1 - this.#outputIds.length);
  }

  chanceOf(): number {
    this.#catchUp();
    return this.#hitRate.chance;
  }

  draft(count: number): readonly number[] {
    const from = this.#outputIds.length - 1;
    return this.#choices.slice(from, from + count);
  }

  missing(): MissingRows | null {
    this.#catchUp();
    const numHeld = this.#held.length;
    if (numHeld === this.#outputIds.length) return null;
    const tokens = [
      ...this.#promptIds.subarray(this.#numPromptRows),
      ...this.#outputIds.slice(numHeld),
    ];
    return { from: this.#numPromptRows + numHeld, tokens, headFrom: tokens.length - 1 };
  }

  fed(tokens: readonly number[], choices: readonly number[]): void {
    const numPrompt = Math.min(tokens.length, this.#promptIds.length - this.#numPromptRows);
    this.#numPromptRows += numPrompt;
    this.#held.push(...tokens.slice(numPrompt));
    this.#choices.push(...choices.slice(numPrompt));
  }

  /** Forgets drafts that did not come, and judges those that might have. */
  #catchUp(): void {
    const { length } = this.#outputIds;
    if (this.#numJudged === length) return;
    const wrong = this.#held.findIndex((token, i) => token !== this.#outputIds[i]);
    if (wrong >= 0) {
      // Where drafts were left out the last output may be among them: it is fed again, and so the slot is shortened.
      const numKept = Math.min(wrong, length - 1);
      this.#held.length = numKept;
      this.#choices.length = numKept;
    }
    for (; this.#numJudged < length; this.#numJudged++) {
      const choice = this.#choices[this.#numJudged - 1] ?? -1;
      if (choice < 0) this.#hitRate.skip();
      else this.#hitRate.judge(choice === this.#outputIds[this.#numJudged]);
    }
  }
}
