interface OpenCall {
  readonly id: string;
  readonly name: string | null;
}

/** Which tool result answers which call: most clients of Ollama send no ids, and some templates demand them. */
export class CallIdPairs {
  #numCalls = 0;
  #open: readonly OpenCall[] = [];

  /** @returns the call's own id, or one of nine letters and digits, which Mistral's templates want */
  call(name: string | null, given: string | null): string {
    const id = given ?? `call${String(this.#numCalls).padStart(5, '0')}`;
    this.#numCalls++;
    this.#open = [...this.#open, { id, name }];
    return id;
  }

  /** The call that a result is of: by its id, else the first one of its name, else the first one that is open. */
  answer(
    name: string | null,
    id: string | null,
  ): { readonly id: string | null; readonly name: string | null } {
    const found =
      this.#open.find((call) => call.id === id) ??
      this.#open.find((call) => id === null && call.name === name) ??
      this.#open.find(() => id === null);
    if (found === undefined) return { id, name };
    this.#open = this.#open.filter((call) => call !== found);
    return found;
  }
}
