/** Why a request was aborted before it was submitted; null = nobody said. */
export type EarlyAborts = ReadonlyMap<string, string | null>;

/** What nobody has aborted. */
export const NO_ABORTS: EarlyAborts = new Map();

interface Work {
  readonly rids: readonly string[];
  readonly aborts: Map<string, string | null>;
  readonly allAborted: AbortController;
}

/** Requests that are tokenized or wait for their grammar: the scheduler does not know them yet. */
export class Preparing {
  readonly #works = new Set<Work>();

  /** `prepare` may leave out what takes time once its signal says that all of the rids were aborted. */
  async run<T>(
    rids: readonly string[],
    prepare: (allAborted: AbortSignal) => Promise<T>,
  ): Promise<{ readonly prepared: T; readonly aborts: EarlyAborts }> {
    const work: Work = { rids, aborts: new Map(), allAborted: new AbortController() };
    this.#works.add(work);
    try {
      return { prepared: await prepare(work.allAborted.signal), aborts: work.aborts };
    } finally {
      this.#works.delete(work);
    }
  }

  abort(isMeant: (rid: string) => boolean, message: string | null): void {
    for (const { rids, aborts, allAborted } of this.#works) {
      for (const rid of rids.filter(isMeant)) aborts.set(rid, message);
      if (rids.every((rid) => aborts.has(rid))) allAborted.abort();
    }
  }
}
