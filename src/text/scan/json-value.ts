import { floatText } from '../jinja/numbers.js';

/** `broken`: what comes next cannot go on the value. */
type JsonState = 'open' | 'done' | 'broken';

type Expected = 'value' | 'valueOrEnd' | 'key' | 'keyOrEnd' | 'colon' | 'commaOrEnd';

const WORDS = new Map([
  ['true', 'true'],
  ['false', 'false'],
  ['null', 'null'],
  // Python's, which models write where a template showed them its `str(dict)`.
  ['True', 'true'],
  ['False', 'false'],
  ['None', 'null'],
]);
const INTEGER = /^-?(?:0|[1-9]\d*)$/;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/;
const SIMPLE_ESCAPES = new Map([
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['/', '/'],
  ['\\', '\\'],
  ['"', '"'],
  ["'", "'"],
]);
/** As deep as a request body may be. */
const MAX_DEPTH = 128;

/**
 * One JSON value that comes in pieces, written as Python's `json.dumps(value, ensure_ascii=False)` writes it. Takes
 * also what models write instead of JSON: Python's words, quotes of `'`, line breaks within strings.
 */
export class JsonValue {
  #state: JsonState = 'open';
  readonly #write: (text: string) => void;
  readonly #closers: string[] = [];
  #expected: Expected = 'value';
  /** Ends the string that is open; null = none is. */
  #quote: string | null = null;
  #isKey = false;
  /** From the backslash on; empty = none. */
  #escape = '';
  /** The first half of a character that was escaped in two. */
  #half = '';
  /** Digits or letters of a number or word. */
  #word = '';

  /** Written, and not handed on. */
  #out = '';

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** @returns how many UTF-16 units belong to the value; fewer than there are once it is done or broken */
  push(text: string): number {
    let at = 0;
    while (at < text.length && this.isOpen()) {
      const plain = this.#isPlain() ? plainRun(text, at) : 0;
      this.#out += text.slice(at, at + plain);
      at += plain;
      if (plain === 0 && !this.#char(text[at] ?? '')) break;
      if (plain === 0) at++;
    }
    this.#flush();
    return at;
  }

  /** The text has ended: a number has too. */
  end(): void {
    if (!this.isOpen()) return;
    if (this.#word !== '' && this.#closers.length === 0) this.#endWord();
    this.#flush();
    if (this.isOpen()) this.#state = 'broken';
  }

  /** More of it may come. */
  isOpen(): boolean {
    return this.#state === 'open';
  }

  isDone(): boolean {
    return this.#state === 'done';
  }

  #flush(): void {
    if (this.#out !== '') this.#write(this.#out);
    this.#out = '';
  }

  /** Within a string, and nothing of it is kept back. */
  #isPlain(): boolean {
    return this.#quote !== null && this.#escape === '' && this.#half === '';
  }

  /** False: the unit is not of this value. */
  #char(char: string): boolean {
    if (this.#quote !== null) {
      this.#out += this.#inString(char);
      return true;
    }
    if (this.#word !== '') {
      if (/[\w.+-]/.test(char)) {
        this.#word += char;
        return true;
      }
      this.#endWord();
      if (!this.isOpen()) return false;
    }
    const written = this.#structure(char);
    if (written === null) this.#state = 'broken';
    else this.#out += written;
    return written !== null;
  }

  #structure(char: string): string | null {
    if (/[ \t\n\r]/.test(char)) return '';
    switch (this.#expected) {
      case 'colon':
        if (char !== ':') return null;
        this.#expected = 'value';
        return ': ';
      case 'commaOrEnd':
        if (char === ',') {
          this.#expected = this.#closers.at(-1) === '}' ? 'key' : 'value';
          return ', ';
        }
        return this.#close(char);
      case 'key':
      case 'keyOrEnd':
        if (char === '"' || char === "'") return this.#open(char, true);
        return this.#expected === 'keyOrEnd' ? this.#close(char) : null;
      case 'valueOrEnd':
        if (char === ']') return this.#close(char);
        return this.#value(char);
      case 'value':
        return this.#value(char);
    }
  }

  #value(char: string): string | null {
    if (char === '"' || char === "'") return this.#open(char, false);
    if (char === '{' || char === '[') {
      if (this.#closers.length >= MAX_DEPTH) return null;
      this.#closers.push(char === '{' ? '}' : ']');
      this.#expected = char === '{' ? 'keyOrEnd' : 'valueOrEnd';
      return char;
    }
    if (!/[-\dA-Za-z]/.test(char)) return null;
    this.#word = char;
    return '';
  }

  #open(quote: string, isKey: boolean): string {
    this.#quote = quote;
    this.#isKey = isKey;
    return '"';
  }

  #close(char: string): string | null {
    if (char !== this.#closers.at(-1)) return null;
    this.#closers.pop();
    this.#valueEnds();
    return char;
  }

  #valueEnds(): void {
    if (this.#closers.length === 0) this.#state = 'done';
    else this.#expected = 'commaOrEnd';
  }

  #endWord(): void {
    const word = this.#word;
    this.#word = '';
    const written = WORDS.get(word) ?? (NUMBER.test(word) ? numberText(word) : null);
    if (written === null) {
      this.#state = 'broken';
      return;
    }
    this.#out += written;
    this.#valueEnds();
  }

  #inString(char: string): string {
    if (this.#escape !== '') return this.#inEscape(char);
    if (char === '\\') {
      this.#escape = char;
      return '';
    }
    const half = this.#takeHalf();
    if (char !== this.#quote) return half + raw(char);
    this.#quote = null;
    if (this.#isKey) this.#expected = 'colon';
    else this.#valueEnds();
    return `${half}"`;
  }

  #inEscape(char: string): string {
    this.#escape += char;
    const kind = this.#escape[1] ?? '';
    if (kind === 'u') return this.#inUnicodeEscape(char);
    this.#escape = '';
    const half = this.#takeHalf();
    const meant = SIMPLE_ESCAPES.get(kind);
    // A backslash that escapes nothing stands for itself.
    return half + (meant === undefined ? quoted('\\') + raw(kind) : quoted(meant));
  }

  #inUnicodeEscape(char: string): string {
    const digits = this.#escape.slice(2);
    if (!/^[\da-fA-F]*$/.test(digits)) {
      const text = this.#takeHalf() + quoted(this.#escape.slice(0, -1));
      this.#escape = '';
      return text + this.#inString(char);
    }
    if (digits.length < 4) return '';
    this.#escape = '';
    const unit = String.fromCharCode(Number.parseInt(digits, 16));
    if (/[\uDC00-\uDFFF]/.test(unit) && this.#half !== '') {
      const whole = this.#half + unit;
      this.#half = '';
      return whole;
    }
    const half = this.#takeHalf();
    if (!/[\uD800-\uDBFF]/.test(unit)) return half + quoted(unit);
    this.#half = unit;
    return half;
  }

  /** A first half without its second one is written as its escape. */
  #takeHalf(): string {
    const half = this.#half;
    this.#half = '';
    return half === '' ? '' : quoted(half);
  }
}

/** Units of a string from `at` on that are written as they are. */
function plainRun(text: string, at: number): number {
  let end = at;
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end);
    if (code < 0x20 || code === 0x22 || code === 0x27 || code === 0x5c) break;
  }
  return end - at;
}

/** Text as the inside of a JSON string. Half of a character becomes its escape. */
export function quoted(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** One unit as it came: halves of characters stay, for the other half comes too. */
function raw(char: string): string {
  return /[\uD800-\uDFFF]/.test(char) ? char : quoted(char);
}

function numberText(word: string): string {
  if (INTEGER.test(word)) return word === '-0' ? '0' : word;
  const value = Number(word);
  return Number.isFinite(value) ? floatText(value) : word;
}

/** A text that is one JSON value and nothing else, as `json.dumps` writes it; null where it is none. */
export function jsonOf(text: string): string | null {
  let out = '';
  const value = new JsonValue((part) => {
    out += part;
  });
  const trimmed = text.trim();
  const taken = value.push(trimmed);
  value.end();
  return value.isDone() && taken === trimmed.length ? out : null;
}
