/** JSON that is too much for one turn of the event loop: it is made and written a piece at a time. */

/** Rows of a {@link LazyRows} that are made in one turn. */
const ROWS_PER_TURN = 64;
/** Characters after which others get their turn. */
const CHARS_PER_TURN = 64 * 1024;

/** A list whose items are made when they are written. `JSON.stringify` writes it as the plain list. */
export class LazyRows<Row> {
  readonly #rows: readonly Row[];
  readonly #render: (row: Row) => unknown;

  constructor(rows: readonly Row[], render: (row: Row) => unknown) {
    this.#rows = rows;
    this.#render = render;
  }

  toJSON(): readonly unknown[] {
    return this.#rows.map(this.#render);
  }

  /** The items in pieces of a few: `a,b`, then `c,d`, … */
  *pieces(): Generator<string> {
    for (let from = 0; from < this.#rows.length; from += ROWS_PER_TURN) {
      const items = this.#rows.slice(from, from + ROWS_PER_TURN).map(this.#render);
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
    let numChars = 0;
    for (const piece of piecesOf(this.#value)) {
      text += piece;
      numChars += piece.length;
      if (numChars < CHARS_PER_TURN) continue;
      numChars = 0;
      await new Promise(setImmediate);
    }
    return text;
  }
}

function* piecesOf(value: unknown): Generator<string> {
  if (value instanceof LazyRows) yield* bracketed(value.pieces(), '[]');
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
