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

  /**
   * `prepare` may leave out what takes time once its signal says that all of the rids were aborted.
   * @param onAbortable is handed, before that, how to abort just this work; it does nothing afterwards
   */
  async run<T>(
    rids: readonly string[],
    prepare: (allAborted: AbortSignal) => Promise<T>,
    onAbortable: (abort: () => void) => void,
  ): Promise<{ readonly prepared: T; readonly aborts: EarlyAborts }> {
    const work: Work = { rids, aborts: new Map(), allAborted: new AbortController() };
    this.#works.add(work);
    onAbortable(() => {
      if (this.#works.has(work)) abortOf(work, () => true, null);
    });
    try {
      return { prepared: await prepare(work.allAborted.signal), aborts: work.aborts };
    } finally {
      this.#works.delete(work);
    }
  }

  abort(isMeant: (rid: string) => boolean, message: string | null): void {
    for (const work of this.#works) abortOf(work, isMeant, message);
  }
}

function abortOf(
  { rids, aborts, allAborted }: Work,
  isMeant: (rid: string) => boolean,
  message: string | null,
): void {
  for (const rid of rids.filter(isMeant)) aborts.set(rid, message);
  if (rids.every((rid) => aborts.has(rid))) allAborted.abort();
}
