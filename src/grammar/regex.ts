/** Regular expressions, in what Python's `re` and ECMAScript have in common, as expressions of a grammar. */
import { ANY_CHAR, charsOf, codeOf } from './chars.js';
import { GrammarError } from './errors.js';
import { alt, cat, chars, NOTHING, repeat, type Expr } from './expr.js';
import {
  ANY_IN_LINE,
  classOf,
  complement,
  exactly,
  union,
  type CharClass,
} from './regex-classes.js';

const MAX_DEPTH = 100;
/** Most that a bounded repetition may ask for. */
const MAX_COUNT = 100_000;

/** The pattern as a whole text. @throws GrammarError */
export function wholeRegex(pattern: string): Expr {
  return alt(...new RegexParser(pattern).parse().map(({ expr }) => expr));
}

/** Any text in which the pattern is found: JSON Schema's `pattern`. @throws GrammarError */
export function searchRegex(pattern: string): Expr {
  const any = repeat(chars(ANY_CHAR), 0);
  const found = new RegexParser(pattern).parse();
  return alt(
    ...found.map(({ expr, isFromStart, isToEnd }) =>
      cat(isFromStart ? NOTHING : any, expr, isToEnd ? NOTHING : any),
    ),
  );
}

/** One alternative of the whole pattern. */
interface Branch {
  readonly expr: Expr;
  /** `^` stands before it. */
  readonly isFromStart: boolean;
  /** `$` stands behind it. */
  readonly isToEnd: boolean;
}

const CONTROLS: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, v: 11, a: 7, 0: 0 };
const HEX_LENGTHS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

class RegexParser {
  readonly #chars: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(pattern: string) {
    this.#chars = Array.from(pattern);
  }

  parse(): readonly Branch[] {
    const branches = [this.#branch()];
    while (this.#take('|')) branches.push(this.#branch());
    if (this.#at < this.#chars.length) this.#fail('unbalanced parenthesis');
    return branches;
  }

  /** Anchors may stand at the ends of an alternative: in the middle they would match nothing, or everything. */
  #branch(): Branch {
    let isFromStart = false;
    while (this.#take('^') || this.#takeEscape('A')) isFromStart = true;
    const expr = this.#sequence();
    let isToEnd = false;
    while (this.#take('$') || this.#takeEscape('Z') || this.#takeEscape('z')) isToEnd = true;
    if (isToEnd && this.#peek() !== '|' && this.#peek() !== '') {
      this.#fail('$ is only supported at the end');
    }
    return { expr, isFromStart, isToEnd };
  }

  #alternatives(): Expr {
    if (++this.#depth > MAX_DEPTH) this.#fail(`groups are nested deeper than ${MAX_DEPTH}`);
    const items = [this.#sequence()];
    while (this.#take('|')) items.push(this.#sequence());
    this.#depth--;
    return alt(...items);
  }

  #sequence(): Expr {
    const items: Expr[] = [];
    let isQuantified = true;
    for (;;) {
      const char = this.#peek();
      if (char === '' || char === '|' || char === ')' || this.#isEnd(char)) return cat(...items);
      const count = this.#count();
      if (count === null) {
        items.push(this.#item());
        isQuantified = false;
        continue;
      }
      const last = items.pop();
      if (last === undefined) return this.#fail('nothing to repeat');
      if (isQuantified) return this.#fail('multiple repeat');
      isQuantified = true;
      items.push(repeat(last, count.min, count.max));
    }
  }

  #isEnd(char: string): boolean {
    if (this.#depth > 0) return false;
    return char === '$' || (char === '\\' && /[Zz]/.test(this.#peek(1)));
  }

  /** Lazy quantifiers match the same texts. */
  #count(): { readonly min: number; readonly max: number } | null {
    const counts = this.#quantifier();
    if (counts === null) return null;
    if (this.#peek() === '+') this.#fail('possessive quantifiers are not supported');
    this.#take('?');
    return counts;
  }

  #quantifier(): { readonly min: number; readonly max: number } | null {
    if (this.#take('*')) return { min: 0, max: Infinity };
    if (this.#take('+')) return { min: 1, max: Infinity };
    if (this.#take('?')) return { min: 0, max: 1 };
    const rest = this.#chars.slice(this.#at, this.#at + 24).join('');
    const found = /^\{(?:(\d+)|(\d*),(\d*))\}/.exec(rest);
    if (found === null) return null;
    this.#at += found[0].length;
    const [, exact, low = '', high = ''] = found;
    const min = Number(exact ?? low);
    const max = exact !== undefined ? min : high === '' ? Infinity : Number(high);
    if (max < min) this.#fail('the numbers of a repetition are in the wrong order');
    if (min > MAX_COUNT || (max > MAX_COUNT && max !== Infinity)) {
      this.#fail(`a repetition has more than ${MAX_COUNT} items`);
    }
    return { min, max };
  }

  #item(): Expr {
    const char = this.#next();
    switch (char) {
      case '.':
        return chars(ANY_IN_LINE);
      case '[':
        return chars(this.#set().narrow());
      case '(':
        return this.#group();
      case '\\':
        return chars(this.#escape().narrow());
      case '^':
      case '$':
        return this.#fail(`${char} is only supported at the ends of the pattern`);
      default:
        return chars(one(codeOf(char)).narrow());
    }
  }

  #group(): Expr {
    if (this.#take('?')) {
      if (this.#take('P')) {
        if (!this.#take('<')) this.#fail('references to groups are not supported');
        this.#name();
      } else if (this.#peek() === '<' && !/[=!]/.test(this.#peek(1))) {
        this.#at++;
        this.#name();
      } else if (!this.#take(':')) {
        this.#fail(
          /[=!<]/.test(this.#peek()) ? 'look-arounds are not supported' : 'flags are not supported',
        );
      }
    }
    const inner = this.#alternatives();
    if (!this.#take(')')) this.#fail('a group is not closed');
    return inner;
  }

  #name(): void {
    let name = '';
    for (let char = this.#next(); char !== '>'; char = this.#next()) name += char;
    if (!/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name)) this.#fail('bad name of a group');
  }

  #set(): CharClass {
    const isNot = this.#take('^');
    const members: CharClass[] = [];
    for (let isFirst = true; isFirst || this.#peek() !== ']'; isFirst = false) {
      const low = this.#member();
      const isRange = this.#peek() === '-' && this.#peek(1) !== ']';
      if (!isRange) {
        members.push(low);
        continue;
      }
      this.#at++;
      const [from, to] = [soleChar(low), soleChar(this.#member())];
      if (from === null || to === null || to < from) return this.#fail('bad range of characters');
      members.push(exactly(charsOf([[from, to]])));
    }
    this.#at++;
    const all = union(members);
    return isNot ? complement(all) : all;
  }

  #member(): CharClass {
    const char = this.#next();
    if (char !== '\\') return one(codeOf(char));
    return this.#take('b') ? one(8) : this.#escape();
  }

  #escape(): CharClass {
    const char = this.#next();
    const known = classOf(char);
    if (known !== null) return known;
    const hex = HEX_LENGTHS[char];
    if (hex !== undefined) return one(this.#hex(hex));
    const control = CONTROLS[char];
    if (control !== undefined) return one(control);
    if (/[1-9]/.test(char)) return this.#fail('references to groups are not supported');
    if (/[A-Za-z]/.test(char)) return this.#fail(`\\${char} is not supported`);
    return one(codeOf(char));
  }

  #hex(length: number): number {
    let digits = this.#chars.slice(this.#at, this.#at + length).join('');
    const braced = /^\{([0-9A-Fa-f]{1,6})\}/.exec(
      this.#chars.slice(this.#at, this.#at + 8).join(''),
    );
    this.#at += braced?.[0].length ?? length;
    digits = braced?.[1] ?? digits;
    const isHex = /^[0-9A-Fa-f]+$/.test(digits) && (braced !== null || digits.length === length);
    const code = isHex ? parseInt(digits, 16) : -1;
    if (code < 0 || code > 0x10ffff) this.#fail('bad escape of a character');
    return code;
  }

  #peek(ahead = 0): string {
    return this.#chars[this.#at + ahead] ?? '';
  }

  #next(): string {
    return this.#chars[this.#at++] ?? this.#fail('unexpected end of pattern');
  }

  #take(char: string): boolean {
    if (this.#peek() !== char) return false;
    this.#at++;
    return true;
  }

  #takeEscape(letter: string): boolean {
    if (this.#peek() !== '\\' || this.#peek(1) !== letter) return false;
    this.#at += 2;
    return true;
  }

  #fail(why: string): never {
    throw new GrammarError(`${why} at position ${this.#at}`);
  }
}

function one(code: number): CharClass {
  return exactly(charsOf([[code, code]]));
}

function soleChar({ narrow }: CharClass): number | null {
  const [only, ...others] = narrow();
  return others.length === 0 && only !== undefined && only[0] === only[1] ? only[0] : null;
}
