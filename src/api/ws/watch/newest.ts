/** The newest of what comes one after the other, by number: 0, 1, 2, … */
export class Newest<Item> {
  readonly #max: number;
  #items: Item[] = [];
  /** Number of the first of them. */
  #first = 0;

  constructor(max: number) {
    this.#max = max;
  }

  push(item: Item): void {
    this.#items.push(item);
    if (this.#items.length <= this.#max) return;
    this.#items.shift();
    this.#first++;
  }

  /** Puts another one in the place of the newest that is meant, if there is one. */
  replace(isMeant: (item: Item) => boolean, change: (item: Item) => Item): void {
    const index = this.#items.findLastIndex(isMeant);
    const item = this.#items[index];
    if (item !== undefined) this.#items[index] = change(item);
  }

  byNumber(): Readonly<Record<string, Item>> {
    return Object.fromEntries(this.#items.map((item, i) => [this.#first + i, item]));
  }

  /** The same with each one made something else. */
  map<Other>(make: (item: Item) => Other): Readonly<Record<string, Other>> {
    return Object.fromEntries(this.#items.map((item, i) => [this.#first + i, make(item)]));
  }

  /** Forgets all; numbers go on. */
  clear(): void {
    this.#first += this.#items.length;
    this.#items = [];
  }
}
