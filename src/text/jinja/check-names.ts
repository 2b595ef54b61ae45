/** Filters and tests that there are not: Jinja2 says so when it compiles a template, but for what an `if` guards. */
import { pythonRepr } from '../python-repr.js';
import type { ArgumentsNode, Body, Expression, FilterNode, Signature, Statement } from './ast.js';
import { raise } from './errors.js';
import { FILTERS } from './filters.js';
import { TESTS } from './tests.js';

/** Those that a rendering answers itself. */
const ASKING = new Set(['filter', 'test']);

/** @throws TemplateError TemplateAssertionError that names the first one and its line */
export function checkNames(program: Body): void {
  new Checker().body(program, false);
}

/**
 * `isSoft` = Jinja2's soft frame: the tests and branches of an `if`, as far as no other scope begins in them. There
 * a missing name is an error of the rendering that comes to it.
 */
class Checker {
  body(body: Body, isSoft: boolean): void {
    for (const statement of body) this.#statement(statement, isSoft);
  }

  #statement(node: Statement, isSoft: boolean): void {
    switch (node.kind) {
      case 'if':
        for (const [test, body] of node.branches) {
          this.#expression(test, true);
          this.body(body, true);
        }
        this.body(node.otherwise, true);
        return;
      case 'for':
        this.#expression(node.iterable, isSoft);
        if (node.test !== null) this.#expression(node.test, false);
        this.body(node.body, false);
        this.body(node.otherwise, false);
        return;
      case 'print':
        this.#expression(node.of, isSoft);
        return;
      case 'set':
        this.#expression(node.value, isSoft);
        return;
      case 'setBlock':
        if (node.filter !== null) this.#expression(node.filter, false);
        this.body(node.body, false);
        return;
      case 'macro':
        this.#signature(node);
        return;
      case 'callBlock':
        this.#expression(node.call, isSoft);
        this.#signature(node.caller);
        return;
      case 'filterBlock':
        this.#expression(node.filter, false);
        this.body(node.body, false);
        return;
      case 'with':
        for (const [, value] of node.bindings) this.#expression(value, isSoft);
        this.body(node.body, false);
        return;
      case 'autoescape':
        this.#expression(node.value, false);
        this.body(node.body, false);
        return;
      case 'block':
      case 'generation':
        this.body(node.body, false);
        return;
      default:
        return;
    }
  }

  #signature({ params, body }: Signature): void {
    for (const { fallback } of params) if (fallback !== null) this.#expression(fallback, false);
    this.body(body, false);
  }

  #expression(node: Expression, isSoft: boolean): void {
    const inside = isSoft || node.kind === 'condition';
    if (node.kind === 'filter') this.#check('filter', FILTERS.has(node.name), node, isSoft);
    if (node.kind === 'test') {
      this.#check('test', TESTS.has(node.name) || ASKING.has(node.name), node, isSoft);
    }
    for (const child of childrenOf(node)) this.#expression(child, inside);
  }

  #check(
    what: string,
    isThere: boolean,
    { name, line }: { readonly name: string; readonly line: number },
    isSoft: boolean,
  ): void {
    if (isThere || isSoft) return;
    raise('TemplateAssertionError', `No ${what} named ${pythonRepr(name)}. (line ${line})`);
  }
}

function childrenOf(node: Expression): readonly Expression[] {
  switch (node.kind) {
    case 'const':
    case 'name':
      return [];
    case 'list':
    case 'tuple':
    case 'concat':
      return node.items;
    case 'dict':
      return node.pairs.flat();
    case 'getattr':
    case 'not':
    case 'unary':
      return [node.of];
    case 'getitem':
      return [node.of, node.key];
    case 'slice':
      return given([node.start, node.stop, node.step]);
    case 'call':
    case 'test':
      return [node.of, ...argumentsOf(node)];
    case 'filter':
      return [...given([(node satisfies FilterNode).of]), ...argumentsOf(node)];
    case 'and':
    case 'or':
    case 'binary':
      return [node.left, node.right];
    case 'compare':
      return [node.first, ...node.rest.map(([, right]) => right)];
    case 'condition':
      return given([node.test, node.then, node.otherwise]);
  }
}

function argumentsOf({ args, kwargs, moreArgs, moreKwargs }: ArgumentsNode): readonly Expression[] {
  return [...args, ...kwargs.map(([, value]) => value), ...given([moreArgs, moreKwargs])];
}

function given(nodes: readonly (Expression | null)[]): readonly Expression[] {
  return nodes.filter((node) => node !== null);
}
