/** How often each expert of each Mixture-of-Experts layer was chosen. */
export interface ExpertCounts {
  readonly numLayers: number;
  readonly numExperts: number;
  /** `[numLayers, numExperts]`: a copy. */
  readonly counts: Float64Array;
}

export class ExpertCounters {
  /** Float64: whole numbers stay exact up to 2^53, where 32 bits last some hours. */
  readonly #counts: Float64Array;

  constructor(
    readonly numLayers: number,
    readonly numExperts: number,
  ) {
    this.#counts = new Float64Array(numLayers * numExperts);
  }

  /** Adds one step's counts, `[numLayers, numExperts]`. Throws RangeError for any other length. */
  add(step: Uint32Array): void {
    if (step.length !== this.#counts.length) {
      throw new RangeError(`${step.length} expert counts, not ${this.#counts.length}`);
    }
    for (const [i, count] of step.entries()) this.#counts[i] = (this.#counts[i] ?? 0) + count;
  }

  reset(): void {
    this.#counts.fill(0);
  }

  snapshot(): ExpertCounts {
    const { numLayers, numExperts } = this;
    return { numLayers, numExperts, counts: this.#counts.slice() };
  }
}
