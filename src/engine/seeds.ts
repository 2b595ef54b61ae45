/** Seeds of requests that bring none: from the server's own seed and the order of arrival. */
export class SeedSource {
  readonly #serverSeed: number;
  #next = 0;

  constructor(serverSeed: number) {
    this.#serverSeed = serverSeed;
  }

  /** u32 */
  next(): number {
    return mix(mix(this.#serverSeed) ^ this.#next++);
  }
}

/** A request's own seed as u32; any integer is allowed. */
export function seedOf(samplingSeed: number): number {
  return Number(BigInt.asUintN(32, BigInt(samplingSeed)));
}

/** murmur3's finaliser: neighbouring inputs give unrelated seeds. */
function mix(value: number): number {
  let x = (value + 0x9e3779b9) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
