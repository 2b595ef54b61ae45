import type { Grammar } from '../core/grammar.js';
import type { Config } from './automaton.js';
import { GrammarLimitError } from './errors.js';
import { setBit, type MaskedGrammar } from './masks.js';

/** One answer on its way through a grammar: which tokens may come next, given those that came. */
export class Matcher {
  readonly #grammar: MaskedGrammar;
  readonly #stopTokenIds: readonly number[];
  /** Tokens that end the thought; the last outputs are compared with them. */
  readonly #after: readonly number[];
  #recent: number[] = [];
  /** Null = in the thought, where no grammar holds yet. */
  #config: Config | null = null;
  #isFailed = false;

  constructor(grammar: MaskedGrammar, after: Grammar['after'], stopTokenIds: readonly number[]) {
    this.#grammar = grammar;
    this.#after = after ?? [];
    this.#stopTokenIds = stopTokenIds;
    if (this.#after.length === 0) this.#begin();
  }

  /** Tokens that were sampled, in order; a stop token among them changes nothing. */
  accept(token: number): void {
    if (this.#isFailed) return;
    const config = this.#config;
    if (config === null) this.#think(token);
    else if (!this.#stopTokenIds.includes(token)) {
      this.#guarded(() => {
        this.#config = this.#grammar.accept(config, token);
        this.#isFailed = this.#config === null;
      });
    }
  }

  /** Writes which tokens may come next; false = none may, or nobody can tell. */
  writeMask(mask: Int32Array): boolean {
    if (this.#isFailed) return false;
    const config = this.#config;
    if (config === null) {
      // An answer that ended in the thought would be one without the grammar.
      mask.fill(-1);
      for (const id of this.#stopTokenIds) mask[id >> 5] = (mask[id >> 5] ?? 0) & ~(1 << (id & 31));
      return true;
    }
    return this.#guarded(() => {
      const { words, isEmpty } = this.#grammar.maskOf(config);
      mask.set(words);
      if (config.isEnd) for (const id of this.#stopTokenIds) setBit(mask, id);
      this.#isFailed = isEmpty && !(config.isEnd && this.#stopTokenIds.length > 0);
    });
  }

  #begin(): void {
    this.#guarded(() => {
      this.#config = this.#grammar.start();
    });
  }

  #think(token: number): void {
    this.#recent = [...this.#recent, token].slice(-this.#after.length);
    if (this.#after.every((id, i) => this.#recent[i] === id)) this.#begin();
  }

  /** False = the grammar cannot be followed any further. */
  #guarded(act: () => void): boolean {
    try {
      act();
    } catch (error) {
      if (!(error instanceof GrammarLimitError)) throw error;
      this.#isFailed = true;
    }
    return !this.#isFailed;
  }
}
