import type { ContentPiece } from '../../engine/content-plan.js';

type TextPiece = Extract<ContentPiece, { readonly kind: 'text' | 'reasoning' }>;

/** White space before a thought, and between a thought and the text behind it, is nobody's: as in Ollama. */
export class EatenSpace {
  #last: TextPiece['kind'] = 'text';
  #isEating = false;

  /** @returns what is left of a piece */
  eat({ kind, text }: TextPiece): string {
    if (kind !== this.#last) this.#isEating = true;
    this.#last = kind;
    const left = this.#isEating ? text.trimStart() : text;
    if (left !== '') this.#isEating = false;
    return left;
  }
}
