/** One act at a time; another one is turned away instead of waiting. */
export class Exclusive {
  #isBusy = false;

  /** Null when an act is under way. */
  async perform<T extends object>(act: () => Promise<T>): Promise<T | null> {
    if (this.#isBusy) return null;
    this.#isBusy = true;
    try {
      return await act();
    } finally {
      this.#isBusy = false;
    }
  }
}
