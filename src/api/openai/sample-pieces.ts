import { contentSince, type Sent } from '../../engine/content.js';
import { ContentReader, type ContentPiece, type ContentPlan } from '../../engine/content-plan.js';
import type { Generation } from '../../engine/generation.js';

/** Thoughts, text and calls of one sample, in the order in which they become known. */
export class SamplePieces {
  readonly #reader: ContentReader;

  constructor(plan: ContentPlan) {
    this.#reader = new ContentReader(plan);
  }

  /** What is new since `sent`; of a sample that has ended all of the rest. */
  since(generation: Generation, sent: Sent): readonly ContentPiece[] {
    const pieces = this.#reader.push(contentSince(generation, sent).text ?? '');
    const { finish } = generation;
    return finish === null ? pieces : [...pieces, ...this.#reader.end(finish.type !== 'stop')];
  }
}
