import type { Calls, Config } from './automaton.js';
import type { Machine, StateId } from './states.js';

/**
 * Configurations of which no token can tell one from another. A bounded repetition is written out, copy by copy;
 * as long as its end is farther away than any token reaches, it does not matter which copy one is in. So a text of
 * up to a thousand characters needs one mask for most of them, and not a thousand.
 */
export class Alike {
  /** The state that stands for each: `[numStates]`. */
  readonly #standIn: Int32Array;
  #ids = new Map<string, number>();
  #nextId = 0;
  readonly #idOfCalls = new WeakMap<Calls, number>();
  readonly #keyOfConfig = new WeakMap<Config, string>();

  /** @param reach bytes of the longest token */
  constructor(machine: Machine, reach: number) {
    this.#standIn = standIns(machine, reach);
  }

  /** Equal keys: the same tokens may come. */
  keyOf(config: Config): string {
    let key = this.#keyOfConfig.get(config);
    if (key === undefined) {
      const ways = config.ways.map(([state, calls]) => this.#wayOf(state, calls));
      key = [...new Set(ways)].sort().join(',');
      this.#keyOfConfig.set(config, key);
    }
    return key;
  }

  /** Frees what is remembered. Keys that were given stay true; others like them may differ from them. */
  forget(): void {
    this.#ids = new Map();
  }

  #wayOf(state: StateId, calls: Calls | null): string {
    return `${this.#standIn[state] ?? state} ${calls === null ? '' : this.#idOf(calls)}`;
  }

  /** From the outermost call inwards: there may be thousands. */
  #idOf(calls: Calls): number {
    const unknown: Calls[] = [];
    let known: Calls | null = calls;
    for (; known !== null && !this.#idOfCalls.has(known); known = known.outer) unknown.push(known);
    let id = known === null ? -1 : (this.#idOfCalls.get(known) ?? -1);
    for (let one = unknown.pop(); one !== undefined; one = unknown.pop()) {
      const key = `${this.#standIn[one.to] ?? one.to} ${id}`;
      id = this.#ids.get(key) ?? this.#nextId++;
      this.#ids.set(key, id);
      this.#idOfCalls.set(one, id);
    }
    return id;
  }
}

/** Copies that are more than `reach` bytes from the end of their repetition are like the first that is. */
function standIns({ states, repeats }: Machine, reach: number): Int32Array {
  const standIn = Int32Array.from(states, (_, id) => id);
  for (const { from, size, numCopies } of repeats) {
    for (let copy = reach + 1; copy < numCopies; copy++) {
      const like = from + reach * size;
      standIn.copyWithin(from + copy * size, like, like + size);
    }
  }
  return standIn;
}
