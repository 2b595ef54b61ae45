import type { Signature } from './ast.js';
import { typeError } from './errors.js';
import type { Evaluator } from './evaluate.js';
import { Scope } from './scope.js';
import { Dict, PyObject, Tuple, Undefined, type Kwargs, type Value } from './values.js';

export interface MacroBody {
  /** Where the macro stands: its body sees what is there when it is called. */
  readonly scope: Scope;
  readonly body: (scope: Scope) => string;
  readonly evaluator: Evaluator;
}

/** `{% macro %}`, or the body of a `{% call %}`. */
export class Macro extends PyObject {
  readonly typeName = 'Macro';
  readonly #name: string | null;
  readonly #signature: Signature;
  readonly #body: MacroBody;

  constructor(name: string | null, signature: Signature, body: MacroBody) {
    super();
    this.#name = name;
    this.#signature = signature;
    this.#body = body;
  }

  override get longTypeName(): string {
    return 'jinja2.runtime.Macro';
  }

  override repr(): string {
    return `<Macro '${this.#name ?? 'anonymous'}'>`;
  }

  override attribute(name: string): Value | undefined {
    const { params, reads } = this.#signature;
    switch (name) {
      case 'name':
        return this.#name;
      case 'arguments':
        return new Tuple(params.map((param) => param.name));
      case 'catch_kwargs':
        return reads.has('kwargs');
      case 'catch_varargs':
        return reads.has('varargs');
      case 'caller':
        return reads.has('caller');
    }
    return undefined;
  }

  override call(args: readonly Value[], kwargs: Kwargs): Value {
    const { params, reads } = this.#signature;
    const left = new Map(kwargs);
    const scope = new Scope(this.#body.scope);
    const given = params.map(({ name }, i) => {
      if (i < args.length) return args[i];
      const value = left.get(name);
      left.delete(name);
      return value;
    });
    if (reads.has('caller') && !params.some(({ name }) => name === 'caller')) {
      scope.set('caller', left.get('caller') ?? new Undefined('No caller defined'));
      left.delete('caller');
    }
    this.#checkRest(args, left);
    if (reads.has('kwargs')) scope.set('kwargs', Dict.of(left));
    if (reads.has('varargs')) scope.set('varargs', new Tuple(args.slice(params.length)));
    for (const [i, { name, fallback }] of params.entries()) {
      const value = given[i];
      if (value !== undefined) scope.set(name, value);
      else if (fallback !== null) scope.set(name, this.#body.evaluator.value(fallback, scope));
      else scope.set(name, new Undefined(`parameter '${name}' was not provided`));
    }
    return this.#body.body(scope);
  }

  #checkRest(args: readonly Value[], kwargs: Kwargs): void {
    const { params, reads } = this.#signature;
    const [unknown] = kwargs.keys();
    if (unknown !== undefined && !reads.has('kwargs')) {
      typeError(`macro '${this.#name ?? ''}' takes no keyword argument '${unknown}'`);
    }
    if (args.length > params.length && !reads.has('varargs')) {
      typeError(`macro '${this.#name ?? ''}' takes not more than ${params.length} argument(s)`);
    }
  }
}
