import { quoted } from '../scan/json-value.js';

/** A text as an argument, written as a JSON string while it comes. */
export class TextArgument {
  readonly #write: (text: string) => void;
  readonly #trims: 'line' | 'all' | 'none';
  readonly #isNullable: boolean;
  /** Not written: it may be cut off, or be no text at all. */
  #pending = '';
  #hasStarted = false;
  #isOpen = false;

  /** @param isNullable the text `null` is none */
  constructor(write: (text: string) => void, trims: 'line' | 'all' | 'none', isNullable: boolean) {
    this.#write = write;
    this.#trims = trims;
    this.#isNullable = isNullable;
  }

  push(part: string): void {
    this.#pending += part;
    if (!this.#hasStarted) this.#start();
    if (this.#pending === '' || (!this.#isOpen && this.#mayBeNull())) return;
    const tail = this.#numKept();
    this.#put(this.#pending.slice(0, this.#pending.length - tail));
    this.#pending = this.#pending.slice(this.#pending.length - tail);
  }

  /** @param isWhole false: the answer ended within the text, and so does the JSON */
  end(isWhole: boolean): void {
    const tail = this.#trims === 'line' ? this.#pending.replace(/\n$/, '') : this.#pending;
    const text = this.#trims === 'all' ? tail.trimEnd() : tail;
    if (!isWhole) {
      this.#put(this.#pending);
    } else if (!this.#isOpen && this.#isNullable && text.trim().toLowerCase() === 'null') {
      this.#write('null');
    } else {
      this.#put(text);
      this.#write('"');
    }
  }

  /** Leaves out the white space before the text. */
  #start(): void {
    if (this.#trims === 'all') this.#pending = this.#pending.trimStart();
    if (this.#pending === '') return;
    this.#hasStarted = true;
    if (this.#trims === 'line') this.#pending = this.#pending.replace(/^\n/, '');
  }

  #mayBeNull(): boolean {
    return this.#isNullable && 'null'.startsWith(this.#pending.trim().toLowerCase());
  }

  #put(text: string): void {
    if (!this.#isOpen) this.#write('"');
    this.#isOpen = true;
    if (text !== '') this.#write(quoted(text));
  }

  /** Units at the end that are cut off if nothing follows, or that are half of a character. */
  #numKept(): number {
    const text = this.#pending;
    if (this.#trims === 'all') {
      const end = text.trimEnd();
      return text.length - end.length + (isHalf(end.at(-1)) ? 1 : 0);
    }
    if (this.#trims === 'line' && text.endsWith('\n')) return 1;
    return isHalf(text.at(-1)) ? 1 : 0;
  }
}

/** The first of the two units of a character. */
function isHalf(unit: string | undefined): boolean {
  return unit !== undefined && /[\uD800-\uDBFF]/.test(unit);
}
