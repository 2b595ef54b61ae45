/** Seeds of requests that bring none: from the server's own seed and the order of arrival. */
export class SeedSource {
  readonly #serverSeed: number;
  #next = 0;

  constructor(serverSeed: number) {
    this.#serverSeed = serverSeed;
  }

  /** 32 bits. */
  next(): Seed {
    return { seed: mix(mix(this.#serverSeed) ^ this.#next++), seedHigh: 0 };
  }
}

/** The two u32 words of a seed. */
export interface Seed {
  readonly seed: number;
  readonly seedHigh: number;
}

/** A request's own seed: any integer is allowed, and all of its lowest 64 bits count. */
export function seedOf(samplingSeed: number | bigint): Seed {
  const value = BigInt.asUintN(64, BigInt(samplingSeed));
  return { seed: Number(value & 0xffffffffn), seedHigh: Number(value >> 32n) };
}

/** murmur3's finaliser: neighbouring inputs give unrelated seeds. */
function mix(value: number): number {
  let x = (value + 0x9e3779b9) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
