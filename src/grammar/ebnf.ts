/** EBNF as XGrammar and llama.cpp read it: `name ::= "text" [a-z] (other | name2){1,3}`. */
import { charsOf, codeOf, negated, type CharRange } from './chars.js';
import { GrammarError } from './errors.js';
import { alt, cat, chars, repeat, rule, rulesIn, text, type Expr, type Rules } from './expr.js';

const MAX_DEPTH = 100;
const MAX_COUNT = 100_000;
const NAME = /[A-Za-z_][\w.-]*/y;
const DEFINED = /\s*::=/y;
const SPACE = /(?:\s|#[^\n]*)*/y;
const ROOT = 'root';
const CONTROLS: Readonly<Record<string, number>> = {
  n: 10,
  r: 13,
  t: 9,
  f: 12,
  v: 11,
  a: 7,
  b: 8,
  0: 0,
};
const HEX_LENGTHS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** @throws GrammarError */
export function parseEbnf(source: string): Rules {
  const rules = new EbnfParser(source).parse();
  if (!rules.has(ROOT)) throw new GrammarError('it has no rule "root"');
  for (const [name, expr] of rules) {
    for (const used of rulesIn(expr)) {
      if (!rules.has(used))
        throw new GrammarError(`rule "${name}" uses "${used}", which is not defined`);
    }
  }
  return { root: ROOT, rules };
}

class EbnfParser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(source: string) {
    this.#text = source;
  }

  parse(): Map<string, Expr> {
    const rules = new Map<string, Expr>();
    this.#space();
    while (this.#at < this.#text.length) {
      const name = this.#match(NAME) ?? this.#fail('the name of a rule is expected');
      if (this.#match(DEFINED) === null) this.#fail('::= is expected');
      if (rules.has(name)) this.#fail(`rule "${name}" is defined twice`);
      rules.set(name, this.#alternatives());
      this.#space();
    }
    return rules;
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
    for (let item = this.#element(); item !== null; item = this.#element()) {
      items.push(this.#repeated(item));
    }
    return cat(...items);
  }

  /** Null where the sequence ends: also before the name of the next rule. */
  #element(): Expr | null {
    this.#space();
    const char = this.#text[this.#at] ?? '';
    if (char === '"' || char === "'") return text(this.#literal(char));
    if (char === '[') return this.#set();
    if (char === '(') return this.#group();
    const from = this.#at;
    const name = this.#match(NAME);
    if (name === null) {
      if (char === '' || char === '|' || char === ')') return null;
      return this.#fail(`unexpected ${JSON.stringify(char)}`);
    }
    if (this.#match(DEFINED) === null) return rule(name);
    this.#at = from;
    return null;
  }

  #group(): Expr {
    this.#at++;
    if (this.#text[this.#at] === '=') this.#fail('lookahead assertions are not supported');
    const inner = this.#alternatives();
    if (!this.#take(')')) this.#fail('a group is not closed');
    return inner;
  }

  #repeated(item: Expr): Expr {
    let expr = item;
    for (let count = this.#count(); count !== null; count = this.#count()) {
      expr = repeat(expr, count.min, count.max);
    }
    return expr;
  }

  #count(): { readonly min: number; readonly max: number } | null {
    const found = this.#match(/\s*(?:[*+?]|\{\s*\d+\s*(?:,\s*\d*\s*)?\})/y)?.trim();
    if (found === undefined) return null;
    if (found === '*') return { min: 0, max: Infinity };
    if (found === '+') return { min: 1, max: Infinity };
    if (found === '?') return { min: 0, max: 1 };
    const [low = '', high] = found
      .slice(1, -1)
      .split(',')
      .map((part) => part.trim());
    const min = Number(low);
    const max = high === undefined ? min : high === '' ? Infinity : Number(high);
    if (max < min) this.#fail('the numbers of a repetition are in the wrong order');
    if (min > MAX_COUNT || (max > MAX_COUNT && max !== Infinity)) {
      this.#fail(`a repetition has more than ${MAX_COUNT} items`);
    }
    return { min, max };
  }

  #literal(quote: string): string {
    let value = '';
    this.#at++;
    for (let char = this.#char(); char !== quote; char = this.#char()) {
      if (char === '\n') this.#fail('a text ends on another line');
      value += char === '\\' ? String.fromCodePoint(this.#escape()) : char;
    }
    return value;
  }

  #set(): Expr {
    this.#at++;
    const isNot = this.#text[this.#at] === '^';
    if (isNot) this.#at++;
    const ranges: CharRange[] = [];
    for (let char = this.#char(); char !== ']'; char = this.#char()) {
      const low = char === '\\' ? this.#escape() : codeOf(char);
      let high = low;
      if (this.#text[this.#at] === '-' && this.#text[this.#at + 1] !== ']') {
        this.#at++;
        const end = this.#char();
        high = end === '\\' ? this.#escape() : codeOf(end);
      }
      if (high < low) this.#fail('bad range of characters');
      ranges.push([low, high]);
    }
    const found = charsOf(ranges);
    return chars(isNot ? negated(found) : found);
  }

  #escape(): number {
    const char = this.#char();
    const length = HEX_LENGTHS[char];
    if (length === undefined) return CONTROLS[char] ?? codeOf(char);
    const digits = this.#text.slice(this.#at, this.#at + length);
    const code =
      /^[0-9A-Fa-f]+$/.test(digits) && digits.length === length ? parseInt(digits, 16) : -1;
    if (code < 0 || code > 0x10ffff) this.#fail('bad escape of a character');
    this.#at += length;
    return code;
  }

  #char(): string {
    const code = this.#text.codePointAt(this.#at) ?? this.#fail('unexpected end');
    const char = String.fromCodePoint(code);
    this.#at += char.length;
    return char;
  }

  #take(char: string): boolean {
    this.#space();
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #space(): void {
    this.#match(SPACE);
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? null;
    this.#at += found?.length ?? 0;
    return found;
  }

  #fail(why: string): never {
    const line = this.#text.slice(0, this.#at).split('\n').length;
    throw new GrammarError(`${why} in line ${line}`);
  }
}
