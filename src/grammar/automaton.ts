/** Runs a {@link Machine} over bytes, and remembers where each byte led. */
import { GrammarLimitError } from './errors.js';
import type { Machine, State, StateId } from './states.js';

/** Ways that one text may be read at once. */
export const MAX_WAYS = 8_192;
/** Rules inside rules. */
const MAX_DEPTH = 4_096;
/** Configurations that are remembered; beyond it all is forgotten and found anew. */
const MAX_CONFIGS = 16_384;

/** Calls that are open, the innermost first. Equal ones are the same object. */
export interface Calls {
  readonly id: number;
  readonly depth: number;
  /** Where it goes on after the innermost. */
  readonly to: StateId;
  /** Null = this is the outermost. */
  readonly outer: Calls | null;
}

/** All ways in which a text so far can be read. Equal ones are the same object, until much is forgotten. */
export interface Config {
  /** States that take a byte, each with its open calls. */
  readonly ways: readonly (readonly [StateId, Calls | null])[];
  /** The text may end here. */
  readonly isEnd: boolean;
  /** By class of bytes: where it leads, null = nowhere; undefined = not known yet. */
  readonly next: (Config | null | undefined)[];
}

export class Automaton {
  /** Bytes of one class lead to the same everywhere: `[256]`. */
  readonly classOf: Uint8Array;
  /** Counts what is done, for budgets. */
  work = 0;
  readonly #machine: Machine;
  #configs = new Map<string, Config>();
  #calls = new Map<string, Calls>();
  #numCalls = 0;
  readonly #onForget: () => void;

  /** @param onForget what was kept by configuration is not found any more */
  constructor(machine: Machine, onForget: () => void = () => undefined) {
    this.#machine = machine;
    this.#onForget = onForget;
    this.classOf = byteClasses(machine.states);
  }

  /** Before the first byte. @throws GrammarLimitError */
  start(): Config {
    return this.#configOf([[this.#machine.start, null]]);
  }

  /** Null = no text of the grammar goes on like this. @throws GrammarLimitError */
  step(config: Config, byte: number): Config | null {
    const known = config.next[this.classOf[byte] ?? 0];
    return known === undefined ? this.#explore(config, byte) : known;
  }

  stepAll(config: Config, bytes: Iterable<number>): Config | null {
    let at: Config | null = config;
    for (const byte of bytes) {
      if (at === null) return null;
      at = this.step(at, byte);
    }
    return at;
  }

  #explore(config: Config, byte: number): Config | null {
    const ways: (readonly [StateId, Calls | null])[] = [];
    for (const [id, calls] of config.ways) {
      const state = this.#machine.states[id];
      if (state?.op !== 'bytes') continue;
      for (const [low, high, to] of state.edges) {
        if (low <= byte && byte <= high) ways.push([to, calls]);
      }
    }
    this.work += config.ways.length + 1;
    const next = ways.length === 0 ? null : this.#configOf(ways);
    config.next[this.classOf[byte] ?? 0] = next;
    return next;
  }

  /** Follows everything that takes no byte. */
  #configOf(from: readonly (readonly [StateId, Calls | null])[]): Config {
    const found = new Map<string, readonly [StateId, Calls | null]>();
    const seen = new Set<string>();
    const stack = [...from];
    let isEnd = false;
    for (let way = stack.pop(); way !== undefined; way = stack.pop()) {
      const [id, calls] = way;
      const key = `${id} ${calls?.id ?? ''}`;
      if (seen.has(key)) continue;
      seen.add(key);
      if (seen.size > MAX_WAYS) throw new GrammarLimitError('it is too ambiguous');
      const state = this.#machine.states[id];
      if (state === undefined) continue;
      if (state.op === 'bytes') found.set(key, way);
      else if (state.op === 'fork') for (const to of state.to) stack.push([to, calls]);
      else if (state.op === 'call') stack.push(this.#enter(state.rule, state.to, calls));
      else if (calls === null) isEnd = true;
      else stack.push([calls.to, calls.outer]);
    }
    this.work += seen.size;
    return this.#intern(found, isEnd);
  }

  /** A call that nothing follows leaves no trace, so that lists by recursion do not nest. */
  #enter(name: string, to: StateId, outer: Calls | null): readonly [StateId, Calls | null] {
    const start = this.#machine.starts.get(name) ?? 0;
    if (this.#machine.states[to]?.op === 'end') return [start, outer];
    const key = `${to} ${outer?.id ?? ''}`;
    let calls = this.#calls.get(key);
    if (calls === undefined) {
      const depth = (outer?.depth ?? 0) + 1;
      if (depth > MAX_DEPTH) throw new GrammarLimitError('it is nested too deeply');
      calls = { id: this.#numCalls++, depth, to, outer };
      this.#calls.set(key, calls);
    }
    return [start, calls];
  }

  #intern(ways: ReadonlyMap<string, readonly [StateId, Calls | null]>, isEnd: boolean): Config {
    const key = [...ways.keys()].sort().join(',') + (isEnd ? '.' : '');
    const known = this.#configs.get(key);
    if (known !== undefined) return known;
    if (this.#configs.size >= MAX_CONFIGS) this.forget();
    const config: Config = { ways: [...ways.values()], isEnd, next: [] };
    this.#configs.set(key, config);
    return config;
  }

  /** Frees what is remembered. Configurations at hand go on as they are. */
  forget(): void {
    this.#configs = new Map();
    this.#calls = new Map();
    this.#onForget();
  }
}

function byteClasses(states: readonly State[]): Uint8Array {
  const isFirst = new Uint8Array(257);
  for (const state of states) {
    if (state.op !== 'bytes') continue;
    for (const [low, high] of state.edges) {
      isFirst[low] = 1;
      isFirst[high + 1] = 1;
    }
  }
  let numClasses = 0;
  return Uint8Array.from({ length: 256 }, (_, byte) =>
    byte > 0 && isFirst[byte] === 1 ? ++numClasses : numClasses,
  );
}
