/** The first place of a marker at or after `from`; null = there is none where the search has been. */
interface Known {
  readonly from: number;
  readonly at: number | null;
  /** Where the text ended when it was searched. */
  readonly end: number;
}

/** Where markers stand in a text that grows and is forgotten from its start: no part of it is searched twice. */
export class MarkerSearch {
  readonly #known = new Map<string, Known>();

  /** The first place of `marker` at or after `from`, -1 = none yet. */
  indexOf(text: string, marker: string, from: number): number {
    const known = this.#known.get(marker);
    const at = known === undefined ? text.indexOf(marker, from) : next(text, marker, from, known);
    this.#known.set(marker, { from, at: at === -1 ? null : at, end: text.length });
    return at;
  }

  /** The first units of the text are forgotten. */
  forget(numUnits: number): void {
    if (numUnits === 0) return;
    for (const [marker, { from, at, end }] of this.#known) {
      this.#known.set(marker, {
        from: from - numUnits,
        at: at === null ? null : at - numUnits,
        end: end - numUnits,
      });
    }
  }
}

function next(text: string, marker: string, from: number, known: Known): number {
  if (from < known.from) {
    // The reader went back: only what lies before the last search is new.
    const before = text.slice(from, known.from + marker.length - 1).indexOf(marker);
    if (before !== -1) return from + before;
  }
  if (known.at !== null && known.at >= from) return known.at;
  const searched = known.at === null ? known.end - marker.length + 1 : 0;
  return text.indexOf(marker, Math.max(from, searched));
}
