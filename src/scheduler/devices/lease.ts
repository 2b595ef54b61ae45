import assert from 'node:assert/strict';

/** Ids that are out of the cache actor's free list and nobody's yet: leased ahead, so that who needs one waits for none. */
export class Lease {
  readonly idle: number[] = [];
  /** Leases whose reply has not come, oldest first. */
  #asks: { readonly count: number; readonly numReleases: number }[] = [];
  #numReleases = 0;
  #isDry = false;

  /** Moves `count` idle ones to a seat; the caller has looked at `idle.length`. */
  take(count: number): number[] {
    assert(count <= this.idle.length, 'lease: not enough idle ones');
    return count === 0 ? [] : this.idle.splice(-count);
  }

  give(ids: Iterable<number>): void {
    for (const id of ids) this.idle.push(id);
  }

  /** A lease was posted. */
  asked(count: number): void {
    this.#asks.push({ count, numReleases: this.#numReleases });
  }

  /** The reply to the oldest lease. */
  receive(ids: Int32Array, asked: number): void {
    const ask = this.#asks.shift();
    const sameSinceAsked = ask?.numReleases === this.#numReleases;
    this.#isDry = ids.length < asked && sameSinceAsked;
    this.give(ids);
  }

  /** The cache actor refused a lease: what was asked will not come. */
  forgetAsked(): void {
    this.#asks = [];
  }

  /** Something was posted that may free some: an unlock, an insert, a return. */
  released(): void {
    this.#numReleases++;
    this.#isDry = false;
  }

  /** Asked for, and the reply has not come. */
  get numAsked(): number {
    return this.#asks.reduce((sum, { count }) => sum + count, 0);
  }

  /** The last lease brought less than asked, and nothing was released since: asking again is useless. */
  get dry(): boolean {
    return this.#isDry;
  }
}
