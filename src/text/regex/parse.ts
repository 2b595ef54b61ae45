/** Python's `re` syntax (3.11), as `re._parser` reads it. */
import type { Node, Place } from './ast.js';
import { category, ignoringCase, type CharTest } from './char-test.js';
import { characterNamed } from './character-names.js';
import { widthOf } from './ast.js';

/** @throws SyntaxError */
export function parseRegex(pattern: string): Node {
  return new Parser(pattern).parse();
}

interface Flags {
  readonly i: boolean;
  readonly m: boolean;
  readonly s: boolean;
  readonly x: boolean;
  readonly a: boolean;
}

const NO_FLAGS: Flags = { i: false, m: false, s: false, x: false, a: false };
const MAX_DEPTH = 100;
const CONTROLS: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
};

class Parser {
  readonly #chars: readonly string[];
  #at = 0;
  #depth = 0;
  #numGroups = 0;
  readonly #names = new Map<string, number>();
  readonly #open = new Set<number>();

  constructor(pattern: string) {
    this.#chars = Array.from(pattern);
  }

  parse(): Node {
    const node = this.#alternatives(this.#globalFlags());
    if (this.#at < this.#chars.length) this.#fail('unbalanced parenthesis');
    return node;
  }

  #globalFlags(): Flags {
    let flags = NO_FLAGS;
    for (;;) {
      const found = /^\(\?([aimsux]+)\)/.exec(this.#chars.slice(this.#at, this.#at + 12).join(''));
      if (found === null) return flags;
      this.#at += found[0].length;
      flags = withFlags(flags, found[1] ?? '', true);
    }
  }

  #alternatives(flags: Flags): Node {
    if (++this.#depth > MAX_DEPTH) this.#fail('too many nested groups');
    const items = [this.#sequence(flags)];
    while (this.#take('|')) items.push(this.#sequence(flags));
    this.#depth--;
    const [only] = items;
    return items.length === 1 && only !== undefined ? only : { kind: 'alt', items };
  }

  #sequence(flags: Flags): Node {
    const items: Node[] = [];
    for (;;) {
      if (flags.x) this.#skipVerbose();
      const char = this.#chars[this.#at];
      if (char === undefined || char === '|' || char === ')') return { kind: 'cat', items };
      const counts = this.#quantifier();
      if (counts === null) {
        const item = this.#item(flags);
        if (item !== null) items.push(item);
        continue;
      }
      const last = items.pop();
      if (last === undefined || last.kind === 'place') return this.#fail('nothing to repeat');
      if (last.kind === 'repeat') return this.#fail('multiple repeat');
      items.push({ kind: 'repeat', item: last, ...counts, mode: this.#mode() });
    }
  }

  #skipVerbose(): void {
    for (;;) {
      const char = this.#chars[this.#at] ?? '';
      if (char === '#') {
        while (this.#at < this.#chars.length && this.#chars[this.#at] !== '\n') this.#at++;
      } else if (char !== '' && ' \t\n\r\v\f'.includes(char)) this.#at++;
      else return;
    }
  }

  #quantifier(): { min: number; max: number } | null {
    if (this.#take('*')) return { min: 0, max: Infinity };
    if (this.#take('+')) return { min: 1, max: Infinity };
    if (this.#take('?')) return { min: 0, max: 1 };
    if (this.#chars[this.#at] !== '{') return null;
    const rest = this.#chars.slice(this.#at, this.#at + 24).join('');
    const found = /^\{(?:(\d+)|(\d*),(\d*))\}/.exec(rest);
    if (found === null) return null;
    this.#at += found[0].length;
    const [, exact, low = '', high = ''] = found;
    const min = Number(exact ?? low);
    const max = exact !== undefined ? min : high === '' ? Infinity : Number(high);
    if (max < min) this.#fail('min repeat greater than max repeat');
    return { min, max };
  }

  #mode(): 'greedy' | 'lazy' | 'possessive' {
    if (this.#take('?')) return 'lazy';
    return this.#take('+') ? 'possessive' : 'greedy';
  }

  /** Null for what matches nothing, e.g. a comment. */
  #item(flags: Flags): Node | null {
    const char = this.#next();
    switch (char) {
      case '.':
        return one(flags.s ? () => true : (c) => c !== 10);
      case '^':
        return place(flags.m ? 'line-start' : 'text-start', flags);
      case '$':
        return place(flags.m ? 'line-end' : 'last-line-end', flags);
      case '[':
        return this.#set(flags);
      case '(':
        return this.#group(flags);
      case '\\':
        return this.#escape(flags);
      default:
        return literal(codeOf(char), flags);
    }
  }

  #group(flags: Flags): Node | null {
    if (!this.#take('?')) return this.#capture(flags, null);
    const char = this.#next();
    switch (char) {
      case 'P':
        return this.#named(flags);
      case ':':
        return this.#close(this.#alternatives(flags));
      case '#':
        while (this.#next() !== ')');
        return null;
      case '>':
        return { kind: 'atomic', item: this.#close(this.#alternatives(flags)) };
      case '=':
      case '!':
        return this.#look(flags, char, false);
      case '<':
        return this.#look(flags, this.#next(), true);
      case '(':
        return this.#conditional(flags);
      default:
        return this.#scoped(flags, char);
    }
  }

  #capture(flags: Flags, name: string | null): Node {
    const index = ++this.#numGroups;
    if (name !== null) {
      if (this.#names.has(name)) this.#fail('redefinition of group name');
      this.#names.set(name, index);
    }
    this.#open.add(index);
    const item = this.#close(this.#alternatives(flags));
    this.#open.delete(index);
    return { kind: 'group', index, item };
  }

  #named(flags: Flags): Node {
    if (this.#take('=')) return this.#same(this.#indexOf(this.#until(')')), flags);
    if (!this.#take('<')) this.#fail('unknown extension');
    const name = this.#until('>');
    if (!/^[\p{L}_][\p{L}\p{N}_]*$/u.test(name)) this.#fail('bad character in group name');
    return this.#capture(flags, name);
  }

  #look(flags: Flags, sign: string, isBehind: boolean): Node {
    if (sign !== '=' && sign !== '!') this.#fail('unknown extension');
    const item = this.#close(this.#alternatives(flags));
    const [least, most] = widthOf(item);
    if (isBehind && least !== most) this.#fail('look-behind requires fixed-width pattern');
    return { kind: 'look', item, behind: isBehind ? Math.max(1, most) : 0, isNot: sign === '!' };
  }

  #conditional(flags: Flags): Node {
    const index = this.#indexOf(this.#until(')'));
    const yes = this.#sequence(flags);
    const no: Node = this.#take('|') ? this.#sequence(flags) : { kind: 'cat', items: [] };
    return { kind: 'if', index, yes: this.#close(yes), no };
  }

  #scoped(flags: Flags, first: string): Node {
    const text = first + this.#until(':');
    const found = /^([aimsux]*)(?:-([imsx]+))?$/.exec(text);
    if (found === null) return this.#fail('unknown extension');
    const on = withFlags(flags, found[1] ?? '', true);
    return this.#close(this.#alternatives(withFlags(on, found[2] ?? '', false)));
  }

  #close(node: Node): Node {
    if (!this.#take(')')) this.#fail('missing ), unterminated subpattern');
    return node;
  }

  #same(index: number, { i }: Flags): Node {
    if (index > this.#numGroups || index < 1) this.#fail('invalid group reference');
    if (this.#open.has(index)) this.#fail('cannot refer to an open group');
    return { kind: 'same', index, ignoresCase: i };
  }

  #indexOf(name: string): number {
    const index = /^\d+$/.test(name) ? Number(name) : this.#names.get(name);
    return index ?? this.#fail('unknown group name');
  }

  #escape(flags: Flags): Node {
    const char = this.#chars[this.#at] ?? this.#fail('bad escape (end of pattern)');
    const edge = PLACES[char];
    if (edge !== undefined) {
      this.#at++;
      return place(edge, flags);
    }
    if (/[1-9]/.test(char)) return this.#digits(flags);
    const found = this.#classEscape(flags);
    return typeof found === 'number' ? literal(found, flags) : one(found);
  }

  /** `\12` is a group, `\123` a character in octal. */
  #digits(flags: Flags): Node {
    const rest = this.#chars.slice(this.#at, this.#at + 3).join('');
    const octal = /^[0-3][0-7]{2}/.exec(rest);
    if (octal !== null) {
      this.#at += 3;
      return literal(parseInt(octal[0], 8), flags);
    }
    const text = /^\d{1,2}/.exec(rest)?.[0] ?? '';
    this.#at += text.length;
    return this.#same(Number(text), flags);
  }

  /** What an escape means in a set and outside: a character, or a class of them. */
  #classEscape(flags: Flags): number | CharTest {
    const char = this.#next();
    if (/[wdsWDS]/.test(char)) return category(char, flags.a);
    if (char === 'x') return this.#hex(2);
    if (char === 'u') return this.#hex(4);
    if (char === 'U') return this.#hex(8);
    if (char === 'N') return this.#name();
    if (/[0-7]/.test(char)) return this.#octal(char);
    const control = CONTROLS[char];
    if (control !== undefined) return control;
    if (/[A-Za-z0-9]/.test(char)) return this.#fail(`bad escape \\${char}`);
    return codeOf(char);
  }

  #hex(length: number): number {
    const text = this.#chars.slice(this.#at, this.#at + length).join('');
    const value = /^[0-9A-Fa-f]+$/.test(text) && text.length === length ? parseInt(text, 16) : -1;
    if (value < 0 || value > 0x10ffff) this.#fail('incomplete escape');
    this.#at += length;
    return value;
  }

  #octal(first: string): number {
    let text = first;
    while (text.length < 3 && /[0-7]/.test(this.#chars[this.#at] ?? '')) text += this.#next();
    const value = parseInt(text, 8);
    return value > 0o377 ? this.#fail('octal escape value outside of range 0-0o377') : value;
  }

  #name(): number {
    if (!this.#take('{')) this.#fail('missing {');
    const name = this.#until('}');
    return (
      characterNamed(name) ??
      this.#fail(
        `\\N{${name}} is no name of ASCII, a Latin letter or common punctuation, the only ones ` +
          'known here (write \\uXXXX or \\UXXXXXXXX instead),',
      )
    );
  }

  #set(flags: Flags): Node {
    const isNot = this.#take('^');
    const tests: CharTest[] = [];
    const start = this.#at;
    while (this.#at === start || this.#chars[this.#at] !== ']') {
      const low = this.#setMember(flags);
      const isRange = this.#chars[this.#at] === '-' && (this.#chars[this.#at + 1] ?? ']') !== ']';
      if (!isRange) {
        tests.push(typeof low === 'number' ? (c) => c === low : low);
        continue;
      }
      this.#at++;
      const high = this.#setMember(flags);
      if (typeof low !== 'number' || typeof high !== 'number' || high < low) {
        return this.#fail('bad character range');
      }
      tests.push((c) => c >= low && c <= high);
    }
    this.#at++;
    const any: CharTest = (c) => tests.some((test) => test(c));
    const found = flags.i ? ignoringCase(any, flags.a) : any;
    return one(isNot ? (c) => !found(c) : found);
  }

  #setMember(flags: Flags): number | CharTest {
    const char = this.#next();
    return char === '\\' ? this.#classEscape(flags) : codeOf(char);
  }

  #next(): string {
    return this.#chars[this.#at++] ?? this.#fail('unexpected end of pattern');
  }

  #take(char: string): boolean {
    if (this.#chars[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #until(end: string): string {
    let text = '';
    for (let char = this.#next(); char !== end; char = this.#next()) text += char;
    return text;
  }

  #fail(why: string): never {
    throw new SyntaxError(`${why} at position ${this.#at}`);
  }
}

const PLACES: Readonly<Record<string, Place>> = {
  A: 'text-start',
  Z: 'text-end',
  b: 'word-edge',
  B: 'no-word-edge',
};

function withFlags(flags: Flags, letters: string, value: boolean): Flags {
  const changed = Array.from(letters).map((letter) => [letter, value] as const);
  return { ...flags, ...Object.fromEntries(changed) };
}

function one(test: CharTest): Node {
  return { kind: 'char', test };
}

function literal(code: number, { i, a }: Flags): Node {
  const same: CharTest = (char) => char === code;
  return one(i ? ignoringCase(same, a) : same);
}

function place(where: Place, { a }: Flags): Node {
  return { kind: 'place', place: where, isAscii: a };
}

function codeOf(char: string): number {
  return char.codePointAt(0) ?? 0;
}
