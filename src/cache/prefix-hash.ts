/**
 * A fingerprint of a prefix, token by token: two 32-bit numbers that mix independently. Not for secrets; whoever
 * finds two prefixes with the same one is told a wrong cause of a miss.
 */
export class PrefixHash {
  constructor(
    public a: number,
    public b: number,
  ) {}

  /** Of the empty prefix of something with this name. */
  static ofName(name: string): PrefixHash {
    const hash = new PrefixHash(0x811c9dc5 | 0, 0x9747b28c | 0);
    for (let i = 0; i < name.length; i++) hash.#add(name.charCodeAt(i));
    return hash;
  }

  copy(): PrefixHash {
    return new PrefixHash(this.a, this.b);
  }

  /** Goes on with `tokens[from, to)`. */
  push(tokens: Int32Array, from: number, to: number): void {
    for (let i = from; i < to; i++) this.#add(tokens[i] as number);
  }

  #add(value: number): void {
    const a = Math.imul(this.a ^ value, 0x9e3779b1);
    const b = Math.imul(this.b + value, 0x85ebca6b) + 0x165667b1;
    this.a = a ^ (a >>> 15);
    this.b = b ^ (b >>> 13);
  }
}
