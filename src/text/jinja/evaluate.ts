import { binary, unary } from './arithmetic.js';
import type { ArgumentsNode, CompareOperator, Expression, FilterNode } from './ast.js';
import { getAttribute, getItem } from './attributes.js';
import { bind } from './bind.js';
import { equals, isTrue, ordered } from './compare.js';
import { raise, recover, typeError } from './errors.js';
import { FILTERS } from './filters.js';
import type { Meter } from './meter.js';
import { callValue } from './objects.js';
import type { Runtime } from './runtime.js';
import type { Scope } from './scope.js';
import { contains, each, sliceOf } from './sequences.js';
import { show } from './show.js';
import { TESTS } from './tests.js';
import {
  Dict,
  isText,
  keyOf,
  objectName,
  PyFloat,
  textOf,
  Tuple,
  typeName,
  Undefined,
  type Kwargs,
  type Value,
} from './values.js';
import { pythonRepr } from '../python-repr.js';

/** Filters and tests that ask for the names there are. */
const ASKS_FOR = { filter: FILTERS, test: TESTS } as const;

/** Values of expressions. Every node costs a step. */
export class Evaluator implements Runtime {
  readonly meter: Meter;

  constructor(meter: Meter) {
    this.meter = meter;
  }

  value(node: Expression, scope: Scope): Value {
    this.meter.steps(1);
    switch (node.kind) {
      case 'const':
        return typeof node.value === 'object' && node.value !== null
          ? new PyFloat(node.value.float)
          : node.value;
      case 'name':
        return this.#variable(node.name, scope);
      case 'getattr':
        return getAttribute(this.value(node.of, scope), node.name, this.meter);
      case 'getitem':
        return this.#item(node.of, node.key, scope);
      case 'call':
        return this.#call(node.of, node, scope);
      case 'filter':
        return this.filtered(node, scope, '');
      case 'test':
        return this.#test(node.name, this.value(node.of, scope), ...this.arguments(node, scope));
      case 'not':
        return !isTrue(this.value(node.of, scope));
      case 'and': {
        const left = this.value(node.left, scope);
        return isTrue(left) ? this.value(node.right, scope) : left;
      }
      case 'or': {
        const left = this.value(node.left, scope);
        return isTrue(left) ? left : this.value(node.right, scope);
      }
      case 'compare':
        return this.#compare(node.first, node.rest, scope);
      case 'binary':
        return binary(
          node.operator,
          this.value(node.left, scope),
          this.value(node.right, scope),
          this.meter,
        );
      case 'unary':
        return unary(node.sign, this.value(node.of, scope));
      case 'concat':
        return this.#concat(node.items, scope);
      case 'condition':
        if (isTrue(this.value(node.test, scope))) return this.value(node.then, scope);
        if (node.otherwise !== null) return this.value(node.otherwise, scope);
        return new Undefined(
          `the inline if-expression on line ${node.line} evaluated to false and no else section was defined.`,
        );
      case 'list':
        return node.items.map((item) => this.value(item, scope));
      case 'tuple':
        return new Tuple(node.items.map((item) => this.value(item, scope)));
      case 'dict':
        return Dict.of(
          node.pairs.map(([key, item]) => [this.value(key, scope), this.value(item, scope)]),
        );
      case 'slice':
        return typeError('a slice stands only in an index');
    }
  }

  /** A filter and those before it; `input` is what a block gives to the first. */
  filtered(node: FilterNode, scope: Scope, input: Value): Value {
    const { of } = node;
    const value =
      of === null
        ? input
        : of.kind === 'filter'
          ? this.filtered(of, scope, input)
          : this.value(of, scope);
    return this.callFilter(node.name, value, ...this.arguments(node, scope));
  }

  callFilter(name: Value, of: Value, args: readonly Value[], kwargs: Kwargs): Value {
    this.meter.steps(1);
    const text = show(name, this.meter);
    const found = isText(name) ? FILTERS.get(textOf(name)) : undefined;
    if (found === undefined)
      return raise('TemplateRuntimeError', `No filter named ${pythonRepr(text)}.`);
    const bound = found.params === null ? args : bind(text, found.params, args, kwargs);
    return found.run(of, bound, this, kwargs);
  }

  callTest(name: Value, of: Value, args: readonly Value[], kwargs: Kwargs): boolean {
    this.meter.steps(1);
    return this.#test(show(name, this.meter), of, args, kwargs);
  }

  #test(name: string, value: Value, args: readonly Value[], kwargs: Kwargs): boolean {
    if (name === 'filter' || name === 'test') {
      // @throws for what cannot be looked up
      keyOf(value);
      return isText(value) && ASKS_FOR[name].has(textOf(value));
    }
    const found = TESTS.get(name);
    if (found === undefined)
      return raise('TemplateRuntimeError', `No test named ${pythonRepr(name)}.`);
    return found.run(value, bind(name, found.params, args, kwargs), this);
  }

  #variable(name: string, scope: Scope): Value {
    const value = scope.get(name);
    return value === undefined ? new Undefined(`${pythonRepr(name)} is undefined`) : value;
  }

  #item(of: Expression, key: Expression, scope: Scope): Value {
    const value = this.value(of, scope);
    if (key.kind !== 'slice') return getItem(value, this.value(key, scope), this.meter);
    const part = (node: Expression | null): Value =>
      node === null ? null : this.value(node, scope);
    const slice = { start: part(key.start), stop: part(key.stop), step: part(key.step) };
    if (value instanceof Undefined) raise(value.kind, value.message);
    const isFolded = [of, key.start, key.stop, key.step].every(isLiteral);
    const taken = recover(
      isFolded ? ['TypeError'] : [],
      () => sliceOf(value, slice, this.meter),
      () => undefined,
    );
    if (taken !== undefined) return taken;
    if (!isFolded) typeError(`'${typeName(value)}' object is not subscriptable`);
    return new Undefined(`${objectName(value)} has no element slice`);
  }

  #call(of: Expression, given: ArgumentsNode, scope: Scope): Value {
    const callee = this.value(of, scope);
    const [args, kwargs] = this.arguments(given, scope);
    return callValue(callee, args, kwargs);
  }

  arguments(node: ArgumentsNode, scope: Scope): [readonly Value[], Kwargs] {
    const args = node.args.map((arg) => this.value(arg, scope));
    if (node.moreArgs !== null) args.push(...each(this.value(node.moreArgs, scope), this.meter));
    const kwargs = new Map<string, Value>();
    for (const [name, value] of node.kwargs) kwargs.set(name, this.value(value, scope));
    if (node.moreKwargs === null) return [args, kwargs];
    const more = this.value(node.moreKwargs, scope);
    if (!(more instanceof Dict)) return typeError('argument after ** must be a mapping');
    for (const [name, value] of more.entries()) {
      if (!isText(name)) return typeError('keywords must be strings');
      kwargs.set(textOf(name), value);
    }
    return [args, kwargs];
  }

  #compare(
    first: Expression,
    rest: readonly (readonly [CompareOperator, Expression])[],
    scope: Scope,
  ): boolean {
    let left = this.value(first, scope);
    for (const [operator, node] of rest) {
      const right = this.value(node, scope);
      if (!this.#holds(operator, left, right)) return false;
      left = right;
    }
    return true;
  }

  #holds(operator: CompareOperator, left: Value, right: Value): boolean {
    switch (operator) {
      case '==':
        return equals(left, right, this.meter);
      case '!=':
        return !equals(left, right, this.meter);
      case 'in':
        return contains(right, left, this.meter);
      case 'not in':
        return !contains(right, left, this.meter);
      default:
        return ordered(operator, left, right, this.meter);
    }
  }

  #concat(items: readonly Expression[], scope: Scope): string {
    const text = items.map((item) => show(this.value(item, scope), this.meter)).join('');
    this.meter.chars(text.length);
    return text;
  }
}

/** Jinja2 works such expressions out when it compiles, where what cannot be sliced is undefined, no error. */
function isLiteral(node: Expression | null | undefined): boolean {
  if (node === null || node === undefined || node.kind === 'const') return true;
  switch (node.kind) {
    case 'list':
    case 'tuple':
      return node.items.every(isLiteral);
    case 'dict':
      return node.pairs.every((pair) => pair.every(isLiteral));
    case 'unary':
    case 'filter':
      return isLiteral(node.of);
    case 'binary':
      return isLiteral(node.left) && isLiteral(node.right);
    default:
      return false;
  }
}
