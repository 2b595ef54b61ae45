/** Stop strings by Knuth, Morris and Pratt (1977): a few steps per character and string, whatever their length. */

/** Per string, the length of the longest proper border of each of its beginnings. */
type Borders = readonly Uint16Array[];

/** Samples of one prompt share the tables. */
const BORDERS = new WeakMap<readonly string[], Borders>();

function bordersOf(stops: readonly string[]): Borders {
  const known = BORDERS.get(stops);
  if (known !== undefined) return known;
  const made = stops.map(borderTable);
  BORDERS.set(stops, made);
  return made;
}

function borderTable(stop: string): Uint16Array {
  const table = new Uint16Array(stop.length + 1);
  for (let i = 1, length = 0; i < stop.length; i++) {
    while (length > 0 && stop.charCodeAt(i) !== stop.charCodeAt(length)) {
      length = table[length] ?? 0;
    }
    if (stop.charCodeAt(i) === stop.charCodeAt(length)) length++;
    table[i + 1] = length;
  }
  return table;
}

export interface StringMatch {
  readonly stop: string;
  /** In the text, in UTF-16 units. */
  readonly start: number;
}

/** One text that is searched for all strings while it grows. */
export class StopStrings {
  readonly #stops: readonly string[];
  readonly #borders: Borders;
  /** Per string, how much of it the text ends with. */
  readonly #matched: Uint16Array;
  #length = 0;

  constructor(stops: readonly string[]) {
    this.#stops = stops;
    this.#borders = bordersOf(stops);
    this.#matched = new Uint16Array(stops.length);
  }

  /** @returns the first string of the list that the new text completes, where it first stands */
  push(delta: string): StringMatch | null {
    const before = this.#length;
    this.#length += delta.length;
    for (const [i, stop] of this.#stops.entries()) {
      const end = this.#read(i, stop, delta);
      if (end !== null) return { stop, start: before + end - stop.length };
    }
    return null;
  }

  /** UTF-16 units at the end of the text that may begin a string. */
  get numHeld(): number {
    return this.#matched.reduce((a, b) => Math.max(a, b), 0);
  }

  /** @returns where in `delta` the string ends */
  #read(i: number, stop: string, delta: string): number | null {
    const borders = this.#borders[i] ?? new Uint16Array(1);
    let matched = this.#matched[i] ?? 0;
    for (let at = 0; at < delta.length; at++) {
      const char = delta.charCodeAt(at);
      while (matched > 0 && stop.charCodeAt(matched) !== char) matched = borders[matched] ?? 0;
      if (stop.charCodeAt(matched) === char) matched++;
      if (matched === stop.length) return at + 1;
    }
    this.#matched[i] = matched;
    return null;
  }
}
