/** Pages of a seat's list, from place `fromPage` on. */
export interface PageRun {
  readonly fromPage: number;
  readonly pages: Int32Array;
}

/** Places of a seat's list, as few runs. Remembers no pages: they are read when the runs are taken. */
export class PageRuns {
  #runs: { readonly fromPage: number; toPage: number }[] = [];

  get isEmpty(): boolean {
    return this.#runs.length === 0;
  }

  add(place: number): void {
    const last = this.#runs.at(-1);
    if (last?.toPage === place) last.toPage++;
    else this.#runs.push({ fromPage: place, toPage: place + 1 });
  }

  /** The pages that `list` has at these places now; none are remembered afterwards. */
  take(list: readonly number[]): PageRun[] {
    const runs = this.#runs;
    this.#runs = [];
    return runs.map(({ fromPage, toPage }) => ({
      fromPage,
      pages: Int32Array.from(list.slice(fromPage, toPage)),
    }));
  }
}
