import { raise } from './errors.js';
import { unescapeString } from './string-literal.js';

export type TokenType =
  | 'data'
  | 'variableBegin'
  | 'variableEnd'
  | 'blockBegin'
  | 'blockEnd'
  | 'name'
  | 'string'
  | 'integer'
  | 'float'
  | 'operator'
  | 'eof';

export interface Token {
  readonly type: TokenType;
  /** Of a string what it stands for, of everything else as written. */
  readonly text: string;
  readonly line: number;
}

/** Python's white space: JavaScript's `\s` has U+FEFF and lacks U+001C to U+001F and U+0085. */
const SPACE =
  '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const sticky = (source: string): RegExp => new RegExp(source.replaceAll('\\s', SPACE), 'uy');

const OPENING = /\{[%{#]/g;
const RAW_BEGIN = sticky('\\{%([-+]?)\\s*raw\\s*(?:-%\\}\\s*|%\\})');
const RAW_END = new RegExp(
  '\\{%([-+]?)\\s*endraw\\s*(?:\\+%\\}|-%\\}\\s*|%\\}\\n?)'.replaceAll('\\s', SPACE),
  'gu',
);
const COMMENT_END = new RegExp(`\\+#\\}|-#\\}${SPACE}*|#\\}\\n?`, 'gu');
const BLOCK_END = sticky('\\+%\\}|-%\\}\\s*|%\\}\\n?');
const VARIABLE_END = sticky('-\\}\\}\\s*|\\}\\}');
const ONLY_SPACE = new RegExp(`^${SPACE}+$`, 'u');
const TRAILING_SPACE = new RegExp(`${SPACE}+$`, 'u');

/** In the order in which they are tried. */
const RULES: readonly (readonly [TokenType | 'space', RegExp])[] = [
  ['space', sticky('\\s+')],
  [
    'float',
    sticky(
      '(?<!\\.)(?:\\d+_)*\\d+(?:(?:\\.(?:\\d+_)*\\d+)?[eE][+\\-]?(?:\\d+_)*\\d+|\\.(?:\\d+_)*\\d+)',
    ),
  ],
  [
    'integer',
    sticky('0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[\\da-fA-F])+|[1-9](?:_?\\d)*|0(?:_?0)*'),
  ],
  ['name', sticky('[\\p{L}\\p{N}\\p{M}_]+')],
  ['string', new RegExp(`'[^'\\\\]*(?:\\\\[^][^'\\\\]*)*'|"[^"\\\\]*(?:\\\\[^][^"\\\\]*)*"`, 'y')],
  ['operator', sticky('//|\\*\\*|[!=<>]=|[-+/*%~\\[\\](){}<>=.:|,;]')],
];

const IDENTIFIER = /^[\p{ID_Start}_][\p{ID_Continue}]*$/u;
const PAIRS: Readonly<Record<string, string>> = { '{': '}', '(': ')', '[': ']' };

/**
 * Jinja2's lexer with `trim_blocks` and `lstrip_blocks`, as transformers sets them; one newline at the end
 * of a template does not count. @throws TemplateError TemplateSyntaxError
 */
export function tokenize(template: string): Token[] {
  const source = template.replace(/\r\n?/g, '\n').replace(/\n$/, '');
  return new Lexer(source).run();
}

class Lexer {
  readonly #source: string;
  readonly #tokens: Token[] = [];
  #at = 0;
  #line = 1;
  #isLineStart = true;

  constructor(source: string) {
    this.#source = source;
  }

  run(): Token[] {
    while (this.#at < this.#source.length) this.#data();
    this.#push('eof', '');
    return this.#tokens;
  }

  /** Text up to the next tag, and that tag. */
  #data(): void {
    OPENING.lastIndex = this.#at;
    const opening = OPENING.exec(this.#source);
    if (opening === null) {
      this.#push('data', this.#source.slice(this.#at));
      this.#at = this.#source.length;
      return;
    }
    const text = this.#source.slice(this.#at, opening.index);
    const raw = match(RAW_BEGIN, this.#source, opening.index);
    const sign = raw === null ? (this.#source[opening.index + 2] ?? '') : (raw[1] ?? '');
    const isVariable = opening[0] === '{{';
    this.#push('data', this.#stripped(text, sign, isVariable));
    this.#line += lines(text);
    const isSigned = sign === '-' || sign === '+';
    this.#moveTo(raw === null ? opening.index + (isSigned ? 3 : 2) : opening.index + raw[0].length);
    if (raw !== null) this.#raw();
    else if (opening[0] === '{#') this.#comment();
    else this.#tag(isVariable);
  }

  /** `-` takes all white space before the tag; else a block takes what stands alone on its line. */
  #stripped(text: string, sign: string, isVariable: boolean): string {
    if (sign === '-') return text.replace(TRAILING_SPACE, '');
    if (sign === '+' || isVariable) return text;
    const lineStart = text.lastIndexOf('\n') + 1;
    const isAlone = (lineStart > 0 || this.#isLineStart) && ONLY_SPACE.test(text.slice(lineStart));
    return isAlone ? text.slice(0, lineStart) : text;
  }

  #raw(): void {
    RAW_END.lastIndex = this.#at;
    const end = RAW_END.exec(this.#source);
    if (end === null) this.#fail('Missing end of raw directive');
    const text = this.#source.slice(this.#at, end.index);
    this.#push('data', this.#stripped(text, end[1] ?? '', false));
    this.#moveTo(end.index + end[0].length);
  }

  #comment(): void {
    COMMENT_END.lastIndex = this.#at;
    const end = COMMENT_END.exec(this.#source);
    if (end === null) this.#fail('Missing end of comment tag');
    this.#moveTo(end.index + end[0].length);
  }

  #tag(isVariable: boolean): void {
    const endRule = isVariable ? VARIABLE_END : BLOCK_END;
    const open: string[] = [];
    this.#push(isVariable ? 'variableBegin' : 'blockBegin', '');
    while (this.#at < this.#source.length) {
      const end = open.length === 0 ? match(endRule, this.#source, this.#at) : null;
      if (end === null) {
        this.#token(open);
        continue;
      }
      this.#push(isVariable ? 'variableEnd' : 'blockEnd', '');
      this.#moveTo(this.#at + end[0].length);
      return;
    }
  }

  #token(open: string[]): void {
    for (const [type, rule] of RULES) {
      const text = match(rule, this.#source, this.#at)?.[0];
      if (text === undefined) continue;
      if (type === 'operator') this.#balance(open, text);
      if (type === 'name' && !IDENTIFIER.test(text)) this.#fail('Invalid character in identifier');
      if (type !== 'space') this.#push(type, type === 'string' ? unescapeString(text) : text);
      this.#moveTo(this.#at + text.length);
      return;
    }
    this.#fail(`unexpected char '${this.#source[this.#at] ?? ''}' at ${this.#at}`);
  }

  #balance(open: string[], text: string): void {
    const closing = PAIRS[text];
    if (closing !== undefined) open.push(closing);
    if (text !== '}' && text !== ')' && text !== ']') return;
    const expected = open.pop();
    if (expected === undefined) this.#fail(`unexpected '${text}'`);
    if (expected !== text) this.#fail(`unexpected '${text}', expected '${expected}'`);
  }

  #moveTo(at: number): void {
    this.#line += this.#at < at ? lines(this.#source.slice(this.#at, at)) : 0;
    this.#isLineStart = this.#source[at - 1] === '\n';
    this.#at = at;
  }

  #push(type: TokenType, text: string): void {
    if (type !== 'data' || text !== '') this.#tokens.push({ type, text, line: this.#line });
  }

  #fail(message: string): never {
    raise('TemplateSyntaxError', `${message} (line ${this.#line})`);
  }
}

function match(rule: RegExp, source: string, at: number): RegExpExecArray | null {
  rule.lastIndex = at;
  return rule.exec(source);
}

function lines(text: string): number {
  return text.split('\n').length - 1;
}
