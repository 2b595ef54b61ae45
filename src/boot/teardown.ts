/** What has begun, to be ended in the opposite order. */
export class Teardown {
  readonly #ends: (() => unknown)[] = [];

  /** `end` may return a promise, which is waited for before the next. */
  add(end: () => unknown): void {
    this.#ends.push(end);
  }

  /** Ends all of it once, whatever one of them throws. @throws the first of those errors, at the end */
  async run(): Promise<void> {
    const errors: unknown[] = [];
    for (let end = this.#ends.pop(); end !== undefined; end = this.#ends.pop()) {
      try {
        await end();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}
