import { grammarKey, type Grammar, type GrammarSpec } from '../core/grammar.js';
import type { MaskBoard } from '../core/mask-board.js';
import type { VocabularyBytes } from '../core/vocabulary-bytes.js';
import type {
  AcceptTokens,
  GrammarPrepared,
  OpenMatcher,
  PrepareGrammar,
  ToMatchers,
} from '../messages.js';
import { compileGrammar, type JsonSpace } from './compile.js';
import { GrammarError } from './errors.js';
import { Matcher } from './matcher.js';
import type { MaskedGrammar } from './masks.js';
import { Vocabulary } from './vocabulary.js';

/** Compiled grammars that are kept, those in use not counted. */
export const MAX_GRAMMARS = 64;

/** Owns the compiled grammars, the latest used ones last. Synchronous and without ports. */
export class GrammarActor {
  readonly #vocabulary: Vocabulary;
  readonly #space: JsonSpace;
  readonly #compiled = new Map<string, MaskedGrammar>();

  constructor(vocabulary: VocabularyBytes, space: JsonSpace) {
    this.#vocabulary = new Vocabulary(vocabulary);
    this.#space = space;
  }

  get vocabSize(): number {
    return this.#vocabulary.vocabSize;
  }

  get numCompiled(): number {
    return this.#compiled.size;
  }

  /** Compiles ahead of the request: an error is known before it is accepted. */
  prepare({ id, spec }: PrepareGrammar): GrammarPrepared {
    try {
      this.#get(spec);
      return { kind: 'prepared', id, failure: null };
    } catch (error) {
      if (!(error instanceof GrammarError)) throw error;
      return { kind: 'prepared', id, failure: error.message };
    }
  }

  /** @throws GrammarError */
  matcher({ spec, after }: Grammar, stopTokenIds: readonly number[]): Matcher {
    // A stop id with a text of its own is a token like others, which the grammar allows or not.
    const ids = stopTokenIds.filter((id) => this.#vocabulary.bytesOf(id).length === 0);
    return new Matcher(this.#get(spec), after, ids);
  }

  #get(spec: GrammarSpec): MaskedGrammar {
    const key = grammarKey(spec);
    const grammar = this.#compiled.get(key) ?? compileGrammar(spec, this.#vocabulary, this.#space);
    this.#compiled.delete(key);
    this.#compiled.set(key, grammar);
    const [oldest] = this.#compiled.keys();
    if (this.#compiled.size > MAX_GRAMMARS && oldest !== undefined) this.#compiled.delete(oldest);
    return grammar;
  }
}

/** The matchers of one device's slots, and the memory in which it finds their masks. */
export class DeviceMatchers {
  readonly #actor: GrammarActor;
  readonly #board: MaskBoard;
  readonly #matchers = new Map<number, Matcher>();

  constructor(actor: GrammarActor, board: MaskBoard) {
    this.#actor = actor;
    this.#board = board;
  }

  get size(): number {
    return this.#matchers.size;
  }

  handle(message: ToMatchers): void {
    switch (message.kind) {
      case 'open':
        this.#open(message);
        break;
      case 'accept':
        this.#accept(message);
        break;
      case 'close':
        this.#matchers.delete(message.slot);
    }
  }

  #open({ slot, ticket, grammar, outputs, stopTokenIds }: OpenMatcher): void {
    this.#matchers.delete(slot);
    try {
      const matcher = this.#actor.matcher(grammar, stopTokenIds);
      for (const token of outputs) matcher.accept(token);
      this.#matchers.set(slot, matcher);
    } catch (error) {
      if (!(error instanceof GrammarError)) throw error;
    }
    this.#write(slot, ticket);
  }

  /** All slots learn their tokens before a mask is made, which takes longer. */
  #accept({ tokens }: AcceptTokens): void {
    for (let i = 0; i < tokens.length; i += 3) {
      this.#matchers.get(tokens[i] ?? -1)?.accept(tokens[i + 2] ?? -1);
    }
    for (let i = 0; i < tokens.length; i += 3) this.#write(tokens[i] ?? -1, tokens[i + 1] ?? 0);
  }

  #write(slot: number, ticket: number): void {
    const matcher = this.#matchers.get(slot);
    this.#board.publish(slot, ticket, matcher?.writeMask(this.#board.mask(slot)) ?? false);
  }
}
