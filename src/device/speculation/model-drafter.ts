import type { StandaloneSpeculation } from '../../core/speculation.js';
import { AcceptGate } from './accept-gate.js';
import type { SteadyDrafter } from './drafter.js';
import type { MissingRows, ModelDrafts } from './model-drafts.js';

/** What it must know of its request. */
interface ModelDrafting extends Pick<StandaloneSpeculation, 'minHits'> {
  /** `[promptLen]` */
  readonly promptIds: Int32Array;
}

/**
 * `--speculative-algorithm STANDALONE` where who is verified must go by the tokens: what a draft model would say, greedily, behind each output. It keeps what the
 * model's slot holds and what came of it; {@link DraftModel} computes.
 *
 * Every row of the draft model is one of a prefill run, so its choice behind a text is one alone, however it was cut. And
 * each output but the first has a choice that it is compared with as long as drafting is on. So who is verified goes by
 * the tokens.
 */
export class ModelDrafter implements SteadyDrafter, ModelDrafts {
  readonly isSteady = true;
  readonly #promptIds: Int32Array;
  /** Grows as tokens are sampled. */
  readonly #outputIds: readonly number[];
  readonly #gate: AcceptGate;
  /** Of each output that was judged, whether its row is verified. */
  readonly #verified: boolean[] = [];
  /** Rows of the prompt in the model's slot. */
  #numPromptRows = 0;
  /** Tokens behind the prompt in the model's slot: outputs, then drafts. */
  readonly #held: number[] = [];
  /** The model's choice behind each of them; -1 = it was not asked. */
  readonly #choices: number[] = [];
  /** Tokens held that are outputs: `[0, result)`. */
  #numAgreed = 0;

  constructor({ promptIds, minHits }: ModelDrafting, outputIds: readonly number[]) {
    this.#gate = new AcceptGate(minHits);
    this.#promptIds = promptIds;
    this.#outputIds = outputIds;
  }

  get numDrafts(): number {
    return Math.max(0, this.#choices.length + 1 - this.#outputIds.length);
  }

  isVerified(index: number): boolean {
    return this.#verified[index] ?? false;
  }

  draft(count: number): readonly number[] {
    const from = this.#outputIds.length - 1;
    return this.#choices.slice(from, from + count);
  }

  /** Drafts that are worth making behind the last output. */
  get numDraftsMax(): number {
    return this.#gate.numDrafts;
  }

  /** It drafts behind the last output. */
  get isOn(): boolean {
    return this.#gate.isOn;
  }

  /** Judges what can be judged. @returns what must be computed first; null = all outputs are judged, and drafts can be made */
  missing(): MissingRows | null {
    this.#agree();
    this.#judge();
    const numOutputs = this.#outputIds.length;
    const isDone = this.#verified.length === numOutputs;
    if (isDone && (!this.isOn || this.#numAgreed === numOutputs)) return null;
    const ownFrom = this.#numAgreed;
    const prompt = this.#promptIds.subarray(this.#numPromptRows);
    const firstAsked = Math.max(ownFrom, this.#verified.length - 1);
    return {
      from: this.#numPromptRows + ownFrom,
      tokens: [...prompt, ...this.#outputIds.slice(ownFrom)],
      headFrom: prompt.length + firstAsked - ownFrom,
    };
  }

  /** The next rows of the model's slot are there. `choices`: behind each, -1 = not asked. */
  fed(tokens: readonly number[], choices: readonly number[]): void {
    const numPrompt = Math.min(tokens.length, this.#promptIds.length - this.#numPromptRows);
    this.#numPromptRows += numPrompt;
    this.#held.push(...tokens.slice(numPrompt));
    this.#choices.push(...choices.slice(numPrompt));
  }

  /** Forgets drafts that did not come. */
  #agree(): void {
    const { length } = this.#outputIds;
    while (
      this.#numAgreed < Math.min(this.#held.length, length) &&
      this.#held[this.#numAgreed] === this.#outputIds[this.#numAgreed]
    ) {
      this.#numAgreed++;
    }
    this.#held.length = this.#numAgreed;
    this.#choices.length = this.#numAgreed;
  }

  #judge(): void {
    for (let index = this.#verified.length; index < this.#outputIds.length; index++) {
      if (!this.#gate.isOn) this.#gate.skip();
      else if (index > 0) {
        const choice = this.#choices[index - 1] ?? -1;
        if (choice < 0) return;
        this.#gate.judge(choice === this.#outputIds[index]);
      }
      this.#verified.push(this.#gate.isOn);
    }
  }
}
