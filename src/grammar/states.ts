/** Rules as a machine over bytes: Thompson's construction, with a call where a rule stands in another. */
import { GrammarError } from './errors.js';
import type { CharRanges } from './chars.js';
import type { Dispatch, Expr, Rules, Until } from './expr.js';
import {
  isNullable,
  isProductive,
  nullableRules,
  productiveRules,
  withoutLeftRecursion,
} from './properties.js';
import { triggerTable } from './triggers.js';
import { byteSequences, type ByteSequence } from './utf8-edges.js';

/** A bounded repetition is written out, so that a long one is many states. */
export const MAX_STATES = 200_000;

/** Index of a state in {@link Machine.states}. */
export type StateId = number;

export type State =
  /** Takes a byte in `[low, high]` and goes on at `to`. */
  | { readonly op: 'bytes'; readonly edges: readonly Edge[] }
  /** Goes on at each of these without a byte. */
  | { readonly op: 'fork'; readonly to: readonly StateId[] }
  /** Goes through a rule, then on at `to`. */
  | { readonly op: 'call'; readonly rule: string; readonly to: StateId }
  /** The end of a rule: goes on behind its call. */
  | { readonly op: 'end' };

export type Edge = readonly [low: number, high: number, to: StateId];

export interface Machine {
  readonly states: readonly State[];
  readonly starts: ReadonlyMap<string, StateId>;
  readonly start: StateId;
  /** Inner ones before those that they stand in. */
  readonly repeats: readonly WrittenOut[];
}

/** Copies of one part, one behind the other, each of at least a byte. The first is the one that is left last. */
export interface WrittenOut {
  readonly from: StateId;
  /** States of one copy. */
  readonly size: number;
  readonly numCopies: number;
}

/** @throws GrammarError with a sentence's second half: "the grammar … " */
export function buildMachine(given: Rules): Machine {
  const rules = withoutLeftRecursion(given);
  const productive = productiveRules(rules);
  if (!productive.has(rules.root)) throw new GrammarError('it matches no text at all');
  return new Builder(rules, productive, nullableRules(rules)).build();
}

const END: StateId = 0;

/** Builds from the end to the start: what follows a part is there before it. */
class Builder {
  readonly #rules: Rules;
  readonly #productive: ReadonlySet<string>;
  readonly #nullable: ReadonlySet<string>;
  readonly #states: State[] = [{ op: 'end' }];
  readonly #repeats: WrittenOut[] = [];
  readonly #sequences = new Map<CharRanges, readonly ByteSequence[]>();

  constructor(rules: Rules, productive: ReadonlySet<string>, nullable: ReadonlySet<string>) {
    this.#rules = rules;
    this.#productive = productive;
    this.#nullable = nullable;
  }

  build(): Machine {
    const starts = new Map<string, StateId>();
    for (const name of this.#productive) {
      const expr = this.#rules.rules.get(name);
      if (expr !== undefined) starts.set(name, this.#part(expr, END));
    }
    const start = starts.get(this.#rules.root) ?? END;
    return { states: this.#states, starts, start, repeats: this.#repeats };
  }

  #add(state: State): StateId {
    if (this.#states.length >= MAX_STATES) {
      throw new GrammarError(`it is too large: it needs more than ${MAX_STATES} states`);
    }
    return this.#states.push(state) - 1;
  }

  /** @returns the state that matches `expr` and goes on at `next` */
  #part(expr: Expr, next: StateId): StateId {
    switch (expr.kind) {
      case 'chars':
        return this.#chars(expr.chars, next);
      case 'text':
        return this.#bytes(new TextEncoder().encode(expr.text), next);
      case 'cat':
        return expr.items.reduceRight((to, item) => this.#part(item, to), next);
      case 'alt':
        return this.#choice(expr.items, next);
      case 'repeat':
        return this.#repeat(expr.item, expr.min, expr.max, next);
      case 'rule':
        return this.#add({ op: 'call', rule: expr.name, to: next });
      case 'dispatch':
        return this.#dispatch(expr, next);
      case 'until':
        return this.#until(expr, next);
    }
  }

  #bytes(bytes: Uint8Array, next: StateId): StateId {
    return bytes.reduceRight(
      (to: StateId, byte) => this.#add({ op: 'bytes', edges: [[byte, byte, to]] }),
      next,
    );
  }

  /** What cannot match is left out, so that no answer runs into it. */
  #choice(items: readonly Expr[], next: StateId): StateId {
    const possible = items.filter((item) => this.#isPossible(item));
    return this.#add({ op: 'fork', to: possible.map((item) => this.#part(item, next)) });
  }

  #isPossible(expr: Expr): boolean {
    return isProductive(expr, (name) => this.#productive.has(name));
  }

  #repeat(item: Expr, min: number, max: number, next: StateId): StateId {
    if (!this.#isPossible(item)) return next;
    let to = next;
    if (max === Infinity) {
      const loop: StateId[] = [];
      to = this.#add({ op: 'fork', to: loop });
      loop.push(this.#part(item, to), next);
    } else {
      to = this.#copies(item, max - min, next, (after) =>
        this.#add({ op: 'fork', to: [this.#part(item, after), next] }),
      );
    }
    return this.#copies(item, min, to, (after) => this.#part(item, after));
  }

  /** Equal copies have equal states in the same order. */
  #copies(item: Expr, numCopies: number, next: StateId, add: (after: StateId) => StateId): StateId {
    const from = this.#states.length;
    let to = next;
    for (let i = 0; i < numCopies; i++) to = add(to);
    const size = (this.#states.length - from) / Math.max(1, numCopies);
    const takesBytes = !isNullable(item, (name) => this.#nullable.has(name));
    if (numCopies > 1 && takesBytes) this.#repeats.push({ from, size, numCopies });
    return to;
  }

  #chars(chars: CharRanges, next: StateId): StateId {
    let sequences = this.#sequences.get(chars);
    if (sequences === undefined) {
      sequences = byteSequences(chars);
      this.#sequences.set(chars, sequences);
    }
    const tails = new Map<string, StateId>();
    const edges = sequences.map(([first, ...rest]): Edge => {
      const [low, high] = first ?? [0, 0];
      return [low, high, this.#tail(rest, next, tails)];
    });
    return this.#add({ op: 'bytes', edges });
  }

  /** Later bytes of characters: equal ends are one state. */
  #tail(rest: ByteSequence, next: StateId, tails: Map<string, StateId>): StateId {
    const [first, ...others] = rest;
    if (first === undefined) return next;
    const key = rest.join(' ');
    const known = tails.get(key);
    if (known !== undefined) return known;
    const to = this.#tail(others, next, tails);
    const state = this.#add({ op: 'bytes', edges: [[first[0], first[1], to]] });
    tails.set(key, state);
    return state;
  }

  /** Free text is a state per beginning of a trigger; each of them may also be the end of the answer. */
  #dispatch({ branches, stopAfterFirst }: Dispatch, next: StateId): StateId {
    const table = triggerTable(branches.map(({ trigger }) => trigger));
    const edges = table.map((): Edge[] => []);
    const places = edges.map((own) => {
      const bytes = this.#add({ op: 'bytes', edges: own });
      return this.#add({ op: 'fork', to: [bytes, next] });
    });
    const start = places[0] ?? next;
    const ends = branches.map(({ then }) => this.#part(then, stopAfterFirst ? next : start));
    table.forEach((row, place) => {
      for (const { low, high, to } of row) {
        const target = to.kind === 'place' ? places[to.place] : ends[to.trigger];
        edges[place]?.push([low, high, target ?? next]);
      }
    });
    return start;
  }

  /** As free text, but that it must come to its mark, and that nothing leads to the others. */
  #until({ close, never, escape }: Until, next: StateId): StateId {
    const marks = escape === undefined ? [] : [escape.mark];
    const table = triggerTable([close, ...marks, ...never]);
    const edges = table.map((): Edge[] => []);
    const places = edges.map((own) => this.#add({ op: 'bytes', edges: own }));
    const start = places[0] ?? next;
    const ends = [next, ...(escape === undefined ? [] : [this.#part(escape.then, start)])];
    table.forEach((row, place) => {
      for (const { low, high, to } of row) {
        const target = to.kind === 'place' ? places[to.place] : ends[to.trigger];
        if (target !== undefined) edges[place]?.push([low, high, target]);
      }
    });
    return start;
  }
}
