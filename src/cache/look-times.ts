/** Looks that are remembered: at two a second those of the last eight minutes. */
const LOOKS_MAX = 1024;

/** When the logical time of a tree was what, as far as somebody looked. */
export class LookTimes {
  /** Oldest first, both growing. */
  readonly #looks: { readonly clock: number; readonly atMs: number }[] = [];

  /** The tree's logical time is `clock` now. */
  look(clock: number, atMs: number): void {
    if (this.#looks.at(-1)?.clock === clock) return;
    this.#looks.push({ clock, atMs });
    if (this.#looks.length > LOOKS_MAX) this.#looks.shift();
  }

  /** The first look by which this logical time had come; null = it was before all of them. */
  by(clock: number): number | null {
    const [first] = this.#looks;
    if (first === undefined || clock <= first.clock) return null;
    let low = 1;
    let high = this.#looks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#looks[middle]?.clock ?? 0) < clock) low = middle + 1;
      else high = middle;
    }
    return this.#looks[low]?.atMs ?? null;
  }
}
