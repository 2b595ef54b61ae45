import { Writable } from 'node:stream';

/** An output that remembers what was written to it. */
export class Written extends Writable {
  readonly isTTY: boolean;
  readonly columns = 80;
  #text = '';
  readonly #waiting = new Set<() => void>();

  constructor({ isTTY = false } = {}) {
    super();
    this.isTTY = isTTY;
  }

  get text(): string {
    return this.#text;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#text += chunk.toString();
    for (const check of this.#waiting) check();
    done();
  }

  /** Resolves when `text` was written. */
  async has(text: string): Promise<void> {
    await new Promise<void>((resolve) => {
      const check = (): void => {
        if (!this.#text.includes(text)) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
  }
}
