/** JSON that is too much for one turn of the event loop: it is made and written a piece at a time. */

/** Rows of a {@link LazyRows} that are made at a time: a row of 256 texts takes some milliseconds. */
const ROWS_PER_PIECE = 4;
/** Numbers of a {@link LazyNumbers} that are made at a time. */
const NUMBERS_PER_PIECE = 4096;
/** UTF-8 bytes of a part of an answer, about. */
const PART_CHARS = 256 * 1024;
/** Milliseconds after which others get their turn. */
const TURN_MS = 5;
/** Values in lazy rows above which an answer or an event is made in pieces. */
const LARGE_VALUES = 16 * 1024;

/** A list whose items are made when they are written. `JSON.stringify` writes it as the plain list. */
export class LazyRows<Row> {
  readonly #rows: readonly Row[];
  readonly #render: (row: Row) => unknown;

  /** Values of all rows together. */
  readonly numValues: number;

  /** @param width values of a row */
  constructor(rows: readonly Row[], render: (row: Row) => unknown, width = 1) {
    this.#rows = rows;
    this.#render = render;
    this.numValues = rows.length * width;
  }

  toJSON(): readonly unknown[] {
    return this.#rows.map(this.#render);
  }

  /** The items in pieces of a few: `a,b`, then `c,d`, … */
  *pieces(): Generator<string> {
    for (let from = 0; from < this.#rows.length; from += ROWS_PER_PIECE) {
      const items = this.#rows.slice(from, from + ROWS_PER_PIECE).map(this.#render);
      yield JSON.stringify(items).slice(1, -1);
    }
  }
}

/** A list of numbers, to be written like {@link LazyRows}: null stands for what JSON has no number for. */
export class LazyNumbers {
  readonly #values: Float32Array;

  constructor(values: Float32Array) {
    this.#values = values;
  }

  get numValues(): number {
    return this.#values.length;
  }

  toJSON(): readonly number[] {
    return Array.from(this.#values);
  }

  *pieces(): Generator<string> {
    for (let from = 0; from < this.#values.length; from += NUMBERS_PER_PIECE) {
      const items = Array.from(this.#values.subarray(from, from + NUMBERS_PER_PIECE));
      yield JSON.stringify(items).slice(1, -1);
    }
  }
}

/** A whole answer that is worth writing in pieces. */
export class LargeJson {
  readonly #value: unknown;

  constructor(value: unknown) {
    this.#value = value;
  }

  toJSON(): unknown {
    return this.#value;
  }

  /** The text of the value; others get their turn in between. */
  async text(): Promise<string> {
    let text = '';
    for await (const piece of this.#pieces()) text += piece;
    return text;
  }

  /** The text in UTF-8, in parts: nothing has to copy all of it in one turn. */
  async parts(): Promise<readonly Uint8Array[]> {
    const parts: Uint8Array[] = [];
    let text = '';
    for await (const piece of this.#pieces()) {
      text += piece;
      if (text.length < PART_CHARS) continue;
      parts.push(Buffer.from(text));
      text = '';
    }
    return text === '' ? parts : [...parts, Buffer.from(text)];
  }

  /** A turn's or a part's worth of text at a time. */
  async *#pieces(): AsyncGenerator<string> {
    let text = '';
    let turnMs = performance.now();
    for (const piece of piecesOf(this.#value)) {
      text += piece;
      const isTurnOver = performance.now() - turnMs >= TURN_MS;
      if (!isTurnOver && text.length < PART_CHARS) continue;
      yield text;
      text = '';
      if (!isTurnOver) continue;
      await new Promise(setImmediate);
      turnMs = performance.now();
    }
    yield text;
  }
}

/** The value, if it is worth making in pieces; else null. */
export function asLarge(value: unknown): LargeJson | null {
  if (value instanceof LargeJson) return value;
  return numLazyValues(value) > LARGE_VALUES ? new LargeJson(value) : null;
}

function numLazyValues(value: unknown): number {
  if (value instanceof LazyRows || value instanceof LazyNumbers) return value.numValues;
  if (value instanceof LargeJson) return Infinity;
  if (typeof value !== 'object' || value === null) return 0;
  // Lists of numbers, which may be long, hold none.
  if (Array.isArray(value) && typeof value[0] !== 'object') return 0;
  return Object.values(value).reduce<number>((sum, item) => sum + numLazyValues(item), 0);
}

function* piecesOf(value: unknown): Generator<string> {
  if (value instanceof LazyRows || value instanceof LazyNumbers)
    yield* bracketed(value.pieces(), '[]');
  else if (value instanceof LargeJson) yield* piecesOf(value.toJSON());
  else if (Array.isArray(value)) yield* bracketed(itemsOf(value), '[]');
  else if (typeof value === 'object' && value !== null) yield* bracketed(entriesOf(value), '{}');
  else yield JSON.stringify(value);
}

/** Joins what an iteration gives by commas, each item of one piece or several. */
function* bracketed(
  items: Iterable<string | Iterable<string>>,
  brackets: '[]' | '{}',
): Generator<string> {
  yield brackets.slice(0, 1);
  let isFirst = true;
  for (const item of items) {
    if (!isFirst) yield ',';
    isFirst = false;
    if (typeof item === 'string') yield item;
    else yield* item;
  }
  yield brackets.slice(1);
}

function* itemsOf(list: readonly unknown[]): Generator<Iterable<string>> {
  for (const item of list) yield piecesOf(item ?? null);
}

function* entriesOf(object: object): Generator<Iterable<string>> {
  for (const [key, value] of Object.entries(object) as [string, unknown][]) {
    if (value !== undefined) yield entryOf(key, value);
  }
}

/** An object without lazy rows in it, as most are, is one piece. */
function* entryOf(key: string, value: unknown): Generator<string> {
  yield `${JSON.stringify(key)}:`;
  yield* piecesOf(value);
}
