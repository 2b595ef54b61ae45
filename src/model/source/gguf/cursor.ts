import { ModelLoadError } from '../../load-error.js';

/** More of the file is needed than was read so far. */
export class NeedsMore extends Error {}

/** Reads a header from the beginning of a file; nothing is taken that the file does not have. */
export class Cursor {
  readonly #bytes: Buffer;
  readonly #fileBytes: number;
  #at = 0;

  /** `bytes` is the beginning of the file at `path`, which has `fileBytes`. */
  constructor(
    bytes: Buffer,
    fileBytes: number,
    readonly path: string,
  ) {
    this.#bytes = bytes;
    this.#fileBytes = fileBytes;
  }

  /** Bytes of the file before this place. */
  get at(): number {
    return this.#at;
  }

  /** Bytes of the file behind this place, read or not. */
  get left(): number {
    return this.#fileBytes - this.#at;
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#take(1));
  }

  i8(): number {
    return this.#bytes.readInt8(this.#take(1));
  }

  u16(): number {
    return this.#bytes.readUInt16LE(this.#take(2));
  }

  i16(): number {
    return this.#bytes.readInt16LE(this.#take(2));
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.#take(4));
  }

  i32(): number {
    return this.#bytes.readInt32LE(this.#take(4));
  }

  f32(): number {
    return this.#bytes.readFloatLE(this.#take(4));
  }

  f64(): number {
    return this.#bytes.readDoubleLE(this.#take(8));
  }

  /** Rounded beyond 2^53: no count or offset of a file is that large. */
  u64(): number {
    return Number(this.#bytes.readBigUInt64LE(this.#take(8)));
  }

  i64(): number {
    return Number(this.#bytes.readBigInt64LE(this.#take(8)));
  }

  /** How many follow, of which each takes at least `leastBytes`. */
  count(what: string, leastBytes: number, most: number): number {
    const count = this.u64();
    if (count > most) this.fail(`claims ${count} ${what}; at most ${most} are possible`);
    if (count * leastBytes > this.left) {
      this.fail(`claims ${count} ${what}, but only ${this.left} bytes follow`);
    }
    return count;
  }

  /** A string behind its length. */
  text(what: string, mostBytes: number): string {
    const length = this.count(`bytes of ${what}`, 1, mostBytes);
    const from = this.#take(length);
    return this.#bytes.toString('utf8', from, from + length);
  }

  /** Throws a sentence about the file. */
  fail(why: string): never {
    throw new ModelLoadError('bad_checkpoint', `${this.path} ${why}.`);
  }

  #take(count: number): number {
    const from = this.#at;
    if (count > this.left) this.fail('ends in the middle of its header');
    if (from + count > this.#bytes.length) throw new NeedsMore();
    this.#at += count;
    return from;
  }
}
