import type { Value } from './values.js';

/** The variables of a block; what is not set here is looked up outside, what is set stays here. */
export class Scope {
  readonly #outer: Scope | null;
  readonly #values: Map<string, Value>;

  constructor(outer: Scope | null, values = new Map<string, Value>()) {
    this.#outer = outer;
    this.#values = values;
  }

  get(name: string): Value | undefined {
    const own = this.#values.get(name);
    return own === undefined ? this.#outer?.get(name) : own;
  }

  set(name: string, value: Value): void {
    this.#values.set(name, value);
  }
}
