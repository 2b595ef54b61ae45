import { isRegular, widthOf, type Node } from './regex/ast.js';
import { AutomatonSearch, compileRegex, type Program } from './regex/automaton.js';
import { BacktrackSearch } from './regex/backtrack.js';
import { parseRegex } from './regex/parse.js';
import { RegexBudgetError, type RegexMeter } from './regex-budget.js';

/** Longest pattern text that is accepted. */
export const MAX_STOP_REGEX_LENGTH = 1024;
/** UTF-16 units that wait for a match: one that is longer still stops, but its beginning has been sent. */
export const STOP_REGEX_HOLD = 1024;
/** Steps of one search by backtracking, and how many of an automaton each is worth. */
const SEARCH_STEPS = 50_000;
const BACKTRACK_COST = 5;
/** So many are charged for at once. */
const STEPS_PER_PAYMENT = 256;
const TOO_LONG = 'The stop_regex of the request takes too long.';

/** A text that is searched for one pattern while it grows. */
export interface RegexSearch {
  /** Reads whole characters. @returns where the leftmost match begins. @throws RegexBudgetError */
  push(delta: string): number | null;
  /** A match that later text completes begins here or behind, in UTF-16 units. */
  readonly heldFrom: number;
}

/**
 * A stop pattern in Python's `re`. Regular ones run as automata, in time linear in the text; those that
 * look around, compare groups or never go back, by backtracking over the text's end, in counted steps.
 */
export class StopRegex {
  readonly pattern: string;
  readonly #node: Node;
  readonly #program: Program | null;

  /** @throws SyntaxError when it is not a regular expression */
  constructor(pattern: string) {
    this.pattern = pattern;
    this.#node = parseRegex(pattern);
    this.#program = isRegular(this.#node) ? compileRegex(this.#node) : null;
  }

  /** Instructions of its automaton; 0 without one. */
  get numParts(): number {
    return this.#program?.code.length ?? 0;
  }

  search(meter: RegexMeter): RegexSearch {
    const charge = (steps: number): void => {
      meter.charge(steps);
    };
    return this.#program === null
      ? new TailSearch(this.#node, charge)
      : new AutomatonSearch(this.#program, charge);
  }
}

/** Searches what is left of the text again whenever it grows. */
class TailSearch implements RegexSearch {
  readonly #node: Node;
  readonly #charge: (steps: number) => void;
  readonly #holdChars: number;
  #tail: number[] = [];
  /** UTF-16 units before the tail. */
  #before = 0;
  #length = 0;

  constructor(node: Node, charge: (steps: number) => void) {
    this.#node = node;
    this.#charge = charge;
    this.#holdChars = Math.min(STOP_REGEX_HOLD, widthOf(node)[1]);
  }

  push(delta: string): number | null {
    for (const char of delta) this.#tail.push(char.codePointAt(0) ?? 0);
    this.#length += delta.length;
    const at = this.#find();
    if (at !== null) return this.#before + unitsOf(this.#tail.slice(0, at));
    this.#trim();
    return null;
  }

  get heldFrom(): number {
    const from = Math.max(0, this.#tail.length - this.#holdChars);
    return this.#before + unitsOf(this.#tail.slice(0, from));
  }

  #find(): number | null {
    let numSteps = 0;
    let numPaid = 0;
    const pay = (): void => {
      const owed = numSteps - numPaid;
      numPaid = numSteps;
      this.#charge(owed * BACKTRACK_COST);
    };
    const search = new BacktrackSearch(this.#tail, this.#before === 0, (steps) => {
      numSteps += steps;
      if (numSteps > SEARCH_STEPS) throw new RegexBudgetError(TOO_LONG);
      if (numSteps - numPaid >= STEPS_PER_PAYMENT) pay();
    });
    try {
      const found = search.find(this.#node);
      pay();
      return found;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new RegexBudgetError('The stop_regex of the request nest too deeply.');
    }
  }

  #trim(): void {
    if (this.#tail.length <= 2 * STOP_REGEX_HOLD) return;
    const cut = this.#tail.length - STOP_REGEX_HOLD;
    this.#before += unitsOf(this.#tail.slice(0, cut));
    this.#tail = this.#tail.slice(cut);
  }
}

function unitsOf(chars: readonly number[]): number {
  return chars.reduce((sum, char) => sum + (char > 0xffff ? 2 : 1), 0);
}
