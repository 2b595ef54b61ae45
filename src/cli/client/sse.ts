const LF = 10;
const CR = 13;
const DATA = Buffer.from('data:');
const SPACE = 32;
const NOTHING = Buffer.alloc(0);

/**
 * Server-sent events: bytes in any cutting → the `data` of each event, as bytes. Lines may end in LF, CR LF or CR,
 * several `data` lines of an event are joined by LF, and other fields and comments are left out
 * (WHATWG HTML, 9.2.6).
 */
export class SseReader {
  readonly #onData: (data: Buffer) => void;
  /** Pieces of a line whose end has not come. */
  #line: Buffer[] = [];
  #data: Buffer | null = null;
  #endedInCr = false;

  /** @param onData hears each event's data, which stays as it is */
  constructor(onData: (data: Buffer) => void) {
    this.#onData = onData;
  }

  push(chunk: Buffer): void {
    let from = 0;
    if (this.#endedInCr && chunk[0] === LF) from = 1;
    if (chunk.length > 0) this.#endedInCr = chunk[chunk.length - 1] === CR;
    let cr = chunk.indexOf(CR, from);
    for (;;) {
      const lf = chunk.indexOf(LF, from);
      const end = cr < 0 ? lf : lf < 0 ? cr : Math.min(lf, cr);
      if (end < 0) break;
      this.#takeLine(this.#whole(chunk.subarray(from, end)));
      from = end === cr && chunk[cr + 1] === LF ? end + 2 : end + 1;
      if (cr >= 0 && cr < from) cr = chunk.indexOf(CR, from);
    }
    if (from < chunk.length) this.#line.push(chunk.subarray(from));
  }

  /** No more comes: an event without its empty line counts too. */
  end(): void {
    if (this.#line.length > 0) this.#takeLine(this.#whole(NOTHING));
    this.#takeLine(NOTHING);
  }

  #whole(rest: Buffer): Buffer {
    if (this.#line.length === 0) return rest;
    const line = Buffer.concat([...this.#line, rest]);
    this.#line = [];
    return line;
  }

  #takeLine(line: Buffer): void {
    if (line.length === 0) {
      const data = this.#data;
      this.#data = null;
      if (data !== null) this.#onData(data);
      return;
    }
    if (line.length < DATA.length || line.compare(DATA, 0, DATA.length, 0, DATA.length) !== 0)
      return;
    const data = line.subarray(line[DATA.length] === SPACE ? DATA.length + 1 : DATA.length);
    this.#data = this.#data === null ? data : Buffer.concat([this.#data, Buffer.of(LF), data]);
  }
}

/** What ends OpenAI's streams, and SGLang's. */
const DONE = Buffer.from('[DONE]');

export function isDone(data: Buffer): boolean {
  return data.equals(DONE);
}
