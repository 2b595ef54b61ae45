import { createStages } from './decoder-stages.js';
import type { Stage } from './fused-stages.js';

/** All decoders of a tokenizer over one stream of tokens. The pieces of text add up to that of the whole list. */
export class DecoderChain {
  readonly #stages: readonly Stage[];

  /** @param decoder `decoder` of tokenizer.json; null = tokens with spaces between them */
  constructor(decoder: unknown) {
    this.#stages = createStages(decoder);
  }

  /** Text that no later token can change. */
  push(token: string): string {
    return pass([token], this.#stages).join('');
  }

  /** What is still held back; call once. Every stage ends after those before it. */
  end(): string {
    let text = '';
    this.#stages.forEach((stage, i) => {
      text += pass(stage.end(), this.#stages.slice(i + 1)).join('');
    });
    return text;
  }
}

function pass(pieces: readonly string[], stages: readonly Stage[]): readonly string[] {
  let left = pieces;
  for (const stage of stages) {
    const [only] = left;
    left =
      left.length === 1 && only !== undefined
        ? stage.push(only)
        : left.flatMap((piece) => stage.push(piece));
  }
  return left;
}
