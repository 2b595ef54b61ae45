import { Alike } from './alike.js';
import { Automaton, type Config } from './automaton.js';
import { GrammarLimitError } from './errors.js';
import type { Machine } from './states.js';
import type { Vocabulary } from './vocabulary.js';

/** Work for one mask: a second at the very most. */
export const MAX_WORK = 1_000_000;
/** Masks that are kept for a grammar. */
export const MAX_MASK_BYTES = 16 * 1024 * 1024;

/** Which tokens may come next: bit `id % 32` of word `id / 32`. Stop ids are not among them. */
export interface TokenMask {
  /** `[numWords]` */
  readonly words: Int32Array;
  readonly isEmpty: boolean;
}

/** A compiled grammar: shared by all answers that must match it. */
export class MaskedGrammar {
  readonly #automaton: Automaton;
  readonly #vocabulary: Vocabulary;
  /** Special tokens that structures spell out. */
  readonly #specials: ReadonlyMap<number, Uint8Array>;
  readonly #alike: Alike;
  /** By {@link Alike.keyOf}. */
  readonly #masks = new Map<string, TokenMask>();

  constructor(machine: Machine, vocabulary: Vocabulary, specials: ReadonlyMap<number, Uint8Array>) {
    const longest = [...specials.values()].map((bytes) => bytes.length);
    this.#alike = new Alike(machine, Math.max(vocabulary.longestToken, ...longest));
    this.#automaton = new Automaton(machine, () => {
      this.#masks.clear();
      this.#alike.forget();
    });
    this.#vocabulary = vocabulary;
    this.#specials = specials;
  }

  get numMasks(): number {
    return this.#masks.size;
  }

  /** Before the first token. @throws GrammarLimitError */
  start(): Config {
    return this.#limited(() => this.#automaton.start());
  }

  /** Null = the grammar does not allow the token here. @throws GrammarLimitError */
  accept(config: Config, token: number): Config | null {
    const bytes = this.#specials.get(token) ?? this.#vocabulary.bytesOf(token);
    if (bytes.length === 0) return null;
    return this.#limited(() => this.#automaton.stepAll(config, bytes));
  }

  /** @throws GrammarLimitError */
  maskOf(config: Config): TokenMask {
    const key = this.#alike.keyOf(config);
    const known = this.#masks.get(key);
    if (known !== undefined) return known;
    const mask = this.#limited(() => this.#walk(config));
    const maxMasks = Math.max(16, Math.floor(MAX_MASK_BYTES / (4 * this.#vocabulary.numWords)));
    if (this.#masks.size >= maxMasks) this.#automaton.forget();
    this.#masks.set(key, mask);
    return mask;
  }

  #limited<T>(act: () => T): T {
    this.#automaton.work = 0;
    return act();
  }

  /** All tokens at once: what the beginning of some forbids is not looked at again. */
  #walk(config: Config): TokenMask {
    const { byteAt, depthAt, skipTo, tokensFrom, tokens, numWords } = this.#vocabulary;
    const automaton = this.#automaton;
    const words = new Int32Array(numWords);
    const path: Config[] = [config];
    let isEmpty = true;
    for (let node = 0; node < byteAt.length;) {
      const depth = depthAt[node] ?? 0;
      const next = automaton.step(path[depth - 1] ?? config, byteAt[node] ?? 0);
      if (next === null) {
        node = skipTo[node] ?? byteAt.length;
        continue;
      }
      path[depth] = next;
      const to = tokensFrom[node + 1] ?? 0;
      for (let i = tokensFrom[node] ?? 0; i < to; i++) {
        setBit(words, tokens[i] ?? 0);
        isEmpty = false;
      }
      if (automaton.work > MAX_WORK) throw new GrammarLimitError('it takes too long to follow');
      node++;
    }
    for (const [id, bytes] of this.#specials) {
      if (automaton.stepAll(config, bytes) === null) continue;
      setBit(words, id);
      isEmpty = false;
    }
    return { words, isEmpty };
  }
}

export function setBit(words: Int32Array, id: number): void {
  words[id >> 5] = (words[id >> 5] ?? 0) | (1 << (id & 31));
}
