import { raise } from './errors.js';
import type { Token, TokenType } from './lexer.js';

const END: Token = { type: 'eof', text: '', line: 0 };

/** The parser's place in the tokens. */
export class TokenStream {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get current(): Token {
    return this.#tokens[this.#at] ?? this.#tokens.at(-1) ?? END;
  }

  get following(): Token {
    return this.#tokens[this.#at + 1] ?? END;
  }

  next(): Token {
    const token = this.current;
    this.#at++;
    return token;
  }

  is(type: TokenType, text?: string): boolean {
    const { current } = this;
    return current.type === type && (text === undefined || current.text === text);
  }

  /** Takes the token if it is this one. */
  skip(type: TokenType, text?: string): boolean {
    const isIt = this.is(type, text);
    if (isIt) this.#at++;
    return isIt;
  }

  /** @throws TemplateError TemplateSyntaxError when something else stands here */
  expect(type: TokenType, text?: string): Token {
    if (!this.is(type, text)) {
      this.fail(`expected token '${text ?? describeType(type)}', got ${describe(this.current)}`);
    }
    return this.next();
  }

  fail(message: string): never {
    raise('TemplateSyntaxError', `${message} (line ${this.current.line})`);
  }
}

export function describe({ type, text }: Token): string {
  return `'${type === 'name' || type === 'operator' ? text : describeType(type)}'`;
}

const WORDS: Partial<Record<TokenType, string>> = {
  blockBegin: 'begin of statement block',
  blockEnd: 'end of statement block',
  variableBegin: 'begin of print statement',
  variableEnd: 'end of print statement',
  data: 'template data / text',
  eof: 'end of template',
};

function describeType(type: TokenType): string {
  return WORDS[type] ?? type;
}
