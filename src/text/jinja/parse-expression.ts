import type {
  ArgumentsNode,
  BinaryOperator,
  CompareOperator,
  Expression,
  FilterNode,
  SliceNode,
} from './ast.js';
import { parseIntLiteral } from './numbers.js';
import { describe, type TokenStream } from './tokens.js';

const COMPARES: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=']);
const CONSTANTS: ReadonlyMap<string, null | boolean> = new Map([
  ['true', true],
  ['True', true],
  ['false', false],
  ['False', false],
  ['none', null],
  ['None', null],
]);
const NO_ARGUMENTS: ArgumentsNode = { args: [], kwargs: [], moreArgs: null, moreKwargs: null };

export interface TupleOptions {
  /** False where an `if` belongs to the statement. */
  readonly withCondition?: boolean;
  /** Names that end it, beside the end of the tag. */
  readonly endsAt?: readonly string[];
  /** In parentheses, where nothing at all is the empty tuple. */
  readonly isParenthesized?: boolean;
}

/** Jinja2's grammar of expressions, one method a level, loosest first. */
export class ExpressionParser {
  readonly #stream: TokenStream;

  constructor(stream: TokenStream) {
    this.#stream = stream;
  }

  /** One expression, or a tuple of several between commas. */
  tuple({
    withCondition = true,
    endsAt = [],
    isParenthesized = false,
  }: TupleOptions = {}): Expression {
    const items: Expression[] = [];
    let isTuple = false;
    for (;;) {
      if (items.length > 0) this.#stream.expect('operator', ',');
      if (this.isTupleEnd(endsAt)) break;
      items.push(this.expression(withCondition));
      if (!this.#stream.is('operator', ',')) break;
      isTuple = true;
    }
    const [only] = items;
    if (!isTuple && only !== undefined) return only;
    if (!isTuple && !isParenthesized) {
      this.#stream.fail(`Expected an expression, got ${describe(this.#stream.current)}`);
    }
    return { kind: 'tuple', items };
  }

  isTupleEnd(endsAt: readonly string[]): boolean {
    const { current } = this.#stream;
    if (current.type === 'variableEnd' || current.type === 'blockEnd') return true;
    if (current.type === 'operator' && current.text === ')') return true;
    return current.type === 'name' && endsAt.includes(current.text);
  }

  expression(withCondition = true): Expression {
    return withCondition ? this.#condition() : this.#or();
  }

  #condition(): Expression {
    let { line } = this.#stream.current;
    let then = this.#or();
    while (this.#stream.skip('name', 'if')) {
      const test = this.#or();
      const otherwise = this.#stream.skip('name', 'else') ? this.#condition() : null;
      then = { kind: 'condition', test, then, otherwise, line };
      line = this.#stream.current.line;
    }
    return then;
  }

  #or(): Expression {
    let left = this.#and();
    while (this.#stream.skip('name', 'or')) left = { kind: 'or', left, right: this.#and() };
    return left;
  }

  #and(): Expression {
    let left = this.#not();
    while (this.#stream.skip('name', 'and')) left = { kind: 'and', left, right: this.#not() };
    return left;
  }

  #not(): Expression {
    return this.#stream.skip('name', 'not') ? { kind: 'not', of: this.#not() } : this.#compare();
  }

  #compare(): Expression {
    const first = this.#sum();
    const rest: (readonly [CompareOperator, Expression])[] = [];
    for (let operator = this.#comparison(); operator !== null; operator = this.#comparison()) {
      rest.push([operator, this.#sum()]);
    }
    return rest.length === 0 ? first : { kind: 'compare', first, rest };
  }

  #comparison(): CompareOperator | null {
    const { current, following } = this.#stream;
    if (current.type === 'operator' && COMPARES.has(current.text)) {
      return this.#stream.next().text as CompareOperator;
    }
    if (this.#stream.skip('name', 'in')) return 'in';
    const isNotIn =
      this.#stream.is('name', 'not') && following.type === 'name' && following.text === 'in';
    if (!isNotIn) return null;
    this.#stream.next();
    this.#stream.next();
    return 'not in';
  }

  #sum(): Expression {
    return this.#binary(['+', '-'], () => this.#concat());
  }

  #concat(): Expression {
    const first = this.#product();
    if (!this.#stream.is('operator', '~')) return first;
    const items = [first];
    while (this.#stream.skip('operator', '~')) items.push(this.#product());
    return { kind: 'concat', items };
  }

  #product(): Expression {
    return this.#binary(['*', '/', '//', '%'], () => this.#power());
  }

  #power(): Expression {
    return this.#binary(['**'], () => this.#unary(true));
  }

  #binary(operators: readonly BinaryOperator[], operand: () => Expression): Expression {
    let left = operand();
    for (;;) {
      const operator = operators.find((one) => this.#stream.is('operator', one));
      if (operator === undefined) return left;
      this.#stream.next();
      left = { kind: 'binary', operator, left, right: operand() };
    }
  }

  #unary(withFilter: boolean): Expression {
    const sign = (['-', '+'] as const).find((one) => this.#stream.skip('operator', one));
    const inner: Expression =
      sign === undefined ? this.#primary() : { kind: 'unary', sign, of: this.#unary(false) };
    const node = this.#postfix(inner);
    return withFilter ? this.#filtered(node) : node;
  }

  #primary(): Expression {
    const token = this.#stream.next();
    switch (token.type) {
      case 'name': {
        const value = CONSTANTS.get(token.text);
        return value === undefined ? { kind: 'name', name: token.text } : { kind: 'const', value };
      }
      case 'string': {
        let value = token.text;
        while (this.#stream.is('string')) value += this.#stream.next().text;
        return { kind: 'const', value };
      }
      case 'integer':
        return { kind: 'const', value: parseIntLiteral(token.text) };
      case 'float':
        return { kind: 'const', value: { float: Number(token.text.replaceAll('_', '')) } };
      case 'operator':
        if (token.text === '(') return this.#parenthesized();
        if (token.text === '[')
          return { kind: 'list', items: this.#items(']', () => this.expression()) };
        if (token.text === '{')
          return { kind: 'dict', pairs: this.#items('}', () => this.#pair()) };
        break;
      default:
    }
    return this.#stream.fail(`unexpected ${describe(token)}`);
  }

  #parenthesized(): Expression {
    const node = this.tuple({ isParenthesized: true });
    this.#stream.expect('operator', ')');
    return node;
  }

  /** Up to `end`, which is taken; a last comma may stand before it. */
  #items<T>(end: string, item: () => T): T[] {
    const items: T[] = [];
    while (!this.#stream.is('operator', end)) {
      if (items.length > 0) this.#stream.expect('operator', ',');
      if (this.#stream.is('operator', end)) break;
      items.push(item());
    }
    this.#stream.expect('operator', end);
    return items;
  }

  #pair(): readonly [Expression, Expression] {
    const key = this.expression();
    this.#stream.expect('operator', ':');
    return [key, this.expression()];
  }

  #postfix(node: Expression): Expression {
    for (;;) {
      if (this.#stream.skip('operator', '.')) node = this.#member(node);
      else if (this.#stream.skip('operator', '[')) node = this.#subscript(node);
      else if (this.#stream.is('operator', '('))
        node = { kind: 'call', of: node, ...this.#arguments() };
      else return node;
    }
  }

  #member(of: Expression): Expression {
    const { type, text } = this.#stream.next();
    if (type === 'name') return { kind: 'getattr', of, name: text };
    if (type !== 'integer') this.#stream.fail('expected name or number');
    return { kind: 'getitem', of, key: { kind: 'const', value: parseIntLiteral(text) } };
  }

  #subscript(of: Expression): Expression {
    const items: Expression[] = [];
    while (!this.#stream.is('operator', ']')) {
      if (items.length > 0) this.#stream.expect('operator', ',');
      items.push(this.#subscribed());
    }
    this.#stream.next();
    const [only] = items;
    const key: Expression =
      items.length === 1 && only !== undefined ? only : { kind: 'tuple', items };
    return { kind: 'getitem', of, key };
  }

  /** An index, or `start:stop:step` with any of them left out. */
  #subscribed(): Expression {
    const start = this.#stream.is('operator', ':') ? null : this.expression();
    if (start !== null && !this.#stream.is('operator', ':')) return start;
    this.#stream.next();
    const stop = this.#sliceEnd([':', ']', ',']);
    const step = this.#stream.skip('operator', ':') ? this.#sliceEnd([']', ',']) : null;
    return { kind: 'slice', start, stop, step } satisfies SliceNode;
  }

  #sliceEnd(ends: readonly string[]): Expression | null {
    return ends.some((end) => this.#stream.is('operator', end)) ? null : this.expression();
  }

  #filtered(node: Expression): Expression {
    for (;;) {
      if (this.#stream.is('operator', '|')) node = this.filters(node) ?? node;
      else if (this.#stream.skip('name', 'is')) node = this.#test(node);
      else if (this.#stream.is('operator', '('))
        node = { kind: 'call', of: node, ...this.#arguments() };
      else return node;
    }
  }

  /** The filters that stand here, over `of`; null = there is none. */
  filters(of: Expression | null): FilterNode | null {
    let node: FilterNode | null = null;
    while (this.#stream.skip('operator', '|')) node = this.filter(node ?? of);
    return node;
  }

  /** A filter without its bar. */
  filter(of: Expression | null): FilterNode {
    const { line } = this.#stream.current;
    const name = this.#dottedName();
    const args = this.#stream.is('operator', '(') ? this.#arguments() : NO_ARGUMENTS;
    return { kind: 'filter', of, name, line, ...args };
  }

  #dottedName(): string {
    let name = this.#stream.expect('name').text;
    while (this.#stream.skip('operator', '.')) name += `.${this.#stream.expect('name').text}`;
    return name;
  }

  #test(of: Expression): Expression {
    const { line } = this.#stream.current;
    const isNegated = this.#stream.skip('name', 'not');
    const name = this.#dottedName();
    const test: Expression = { kind: 'test', of, name, line, ...this.#testArguments() };
    return isNegated ? { kind: 'not', of: test } : test;
  }

  /** In parentheses, or one operand right behind the name. */
  #testArguments(): ArgumentsNode {
    if (this.#stream.is('operator', '(')) return this.#arguments();
    const { type, text } = this.#stream.current;
    const isValue =
      ['name', 'string', 'integer', 'float'].includes(type) ||
      (type === 'operator' && (text === '[' || text === '{'));
    if (!isValue || (type === 'name' && ['else', 'or', 'and'].includes(text))) return NO_ARGUMENTS;
    if (type === 'name' && text === 'is')
      this.#stream.fail('You cannot chain multiple tests with is');
    return { ...NO_ARGUMENTS, args: [this.#postfix(this.#primary())] };
  }

  #arguments(): ArgumentsNode {
    const args: Expression[] = [];
    const kwargs: (readonly [string, Expression])[] = [];
    let moreArgs: Expression | null = null;
    let moreKwargs: Expression | null = null;
    this.#stream.expect('operator', '(');
    const ensure = (isFine: boolean): void => {
      if (!isFine) this.#stream.fail('invalid syntax for function call expression');
    };
    this.#items(')', () => {
      if (this.#stream.skip('operator', '*')) {
        ensure(moreArgs === null && moreKwargs === null);
        moreArgs = this.expression();
      } else if (this.#stream.skip('operator', '**')) {
        ensure(moreKwargs === null);
        moreKwargs = this.expression();
      } else if (this.#isKeyword()) {
        ensure(moreKwargs === null);
        const name = this.#stream.next().text;
        this.#stream.next();
        kwargs.push([name, this.expression()]);
      } else {
        ensure(moreArgs === null && moreKwargs === null && kwargs.length === 0);
        args.push(this.expression());
      }
    });
    return { args, kwargs, moreArgs, moreKwargs };
  }

  #isKeyword(): boolean {
    const { type, text } = this.#stream.following;
    return this.#stream.is('name') && type === 'operator' && text === '=';
  }
}
