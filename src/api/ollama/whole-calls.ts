import type { ContentPiece } from '../../engine/content-plan.js';
import { objectIn } from '../../http/json.js';
import type { CallIds } from '../openai/call-ids.js';

/** Tool calls as they become whole: Ollama sends none in parts, and their arguments as objects. */
export class WholeCalls {
  readonly #callIds: CallIds;
  #numCalls = 0;
  #open: { readonly name: string; text: string } | null = null;

  constructor(callIds: CallIds) {
    this.#callIds = callIds;
  }

  /** @returns the call that a piece ended or made whole; null = none */
  add(piece: ContentPiece): unknown {
    if (piece.kind === 'arguments') return this.#continue(piece.text);
    if (piece.kind === 'reasoning') return null;
    const before = this.end();
    if (piece.kind === 'call') this.#open = { name: piece.name, text: '' };
    return before;
  }

  /** A call without arguments is whole once something follows; one whose arguments were cut off is none. */
  end(): unknown {
    const open = this.#open;
    this.#open = null;
    return open?.text.trim() === '' ? this.#call(open.name, {}) : null;
  }

  /** Arguments are whole as soon as they are an object. */
  #continue(text: string): unknown {
    if (this.#open === null) return null;
    this.#open.text += text;
    const { name, text: all } = this.#open;
    const given = all.trimEnd().endsWith('}') ? objectIn(all) : null;
    if (given === null) return null;
    this.#open = null;
    return this.#call(name, given);
  }

  #call(name: string, given: unknown): unknown {
    const index = this.#numCalls++;
    return { id: this.#callIds(name, index), function: { index, name, arguments: given } };
  }
}
