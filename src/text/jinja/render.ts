import type {
  Body,
  CallBlockNode,
  ForNode,
  SetBlockNode,
  Signature,
  Statement,
  Target,
  WithNode,
} from './ast.js';
import { isTrue } from './compare.js';
import { raise, typeError } from './errors.js';
import { Evaluator } from './evaluate.js';
import { globalsOf } from './globals.js';
import { LoopContext, type Recurse } from './loop.js';
import { Macro } from './macro.js';
import { DEFAULT_LIMITS, Meter, type RenderLimits } from './meter.js';
import { callValue, Namespace } from './objects.js';
import { Scope } from './scope.js';
import { TemplateReference } from './self.js';
import { each, lazily } from './sequences.js';
import { show } from './show.js';
import { Undefined, type Value } from './values.js';

export interface RenderOptions {
  readonly limits?: RenderLimits | undefined;
  /** What `strftime_now` shows. */
  readonly now?: () => Date;
}

/** Renders with Hugging Face's globals and `variables`. @throws TemplateError, LimitError, RangeError (stack) */
export function renderTemplate(
  program: Body,
  variables: ReadonlyMap<string, Value>,
  { limits = DEFAULT_LIMITS, now = () => new Date() }: RenderOptions = {},
): string {
  const meter = new Meter(limits);
  const context = new Scope(null, new Map([...globalsOf(meter, now), ...variables]));
  return new Renderer(meter, new Scope(context)).text(program);
}

/** How a body ended: at its end, or for the loop around it to say. */
type Ending = 'end' | 'break' | 'continue';

/** Python's interpreter gives up at about this depth. */
const MAX_DEPTH = 200;

class Renderer {
  readonly #meter: Meter;
  readonly #root: Scope;
  readonly #evaluator: Evaluator;
  #out: string[] = [];
  #length = 0;
  #depth = 0;

  constructor(meter: Meter, root: Scope) {
    this.#meter = meter;
    this.#root = root;
    this.#evaluator = new Evaluator(meter);
  }

  text(program: Body): string {
    const self = new TemplateReference(program, ({ body }) =>
      this.#captured(body, new Scope(this.#root)),
    );
    this.#root.set('self', self);
    return this.#captured(program, this.#root);
  }

  /** What a body prints, as a text of its own. */
  #captured(body: Body, scope: Scope): string {
    const [out, length] = [this.#out, this.#length];
    if (++this.#depth > MAX_DEPTH) throw new RangeError('maximum recursion depth exceeded');
    this.#out = [];
    this.#length = 0;
    this.#body(body, scope);
    const text = this.#out.join('');
    this.#depth--;
    [this.#out, this.#length] = [out, length];
    return text;
  }

  #write(text: string): void {
    if (text === '') return;
    this.#length += text.length;
    this.#meter.fits(this.#length);
    this.#meter.chars(text.length);
    this.#out.push(text);
  }

  #body(body: Body, scope: Scope): Ending {
    for (const statement of body) {
      const ending = this.#statement(statement, scope);
      if (ending !== 'end') return ending;
    }
    return 'end';
  }

  #statement(node: Statement, scope: Scope): Ending {
    this.#meter.steps(1);
    switch (node.kind) {
      case 'data':
        this.#write(node.text);
        return 'end';
      case 'print':
        this.#write(show(this.#evaluator.value(node.of, scope), this.#meter));
        return 'end';
      case 'if': {
        const branch = node.branches.find(([test]) => isTrue(this.#evaluator.value(test, scope)));
        return this.#body(branch === undefined ? node.otherwise : branch[1], scope);
      }
      case 'for':
        this.#for(node, scope, this.#evaluator.value(node.iterable, scope), 0);
        return 'end';
      case 'break':
      case 'continue':
        return node.kind;
      default:
        this.#definition(node, scope);
        return 'end';
    }
  }

  #definition(
    node: Exclude<Statement, { kind: 'data' | 'print' | 'if' | 'for' | 'break' | 'continue' }>,
    scope: Scope,
  ): void {
    switch (node.kind) {
      case 'set':
        this.#assign(node.target, this.#evaluator.value(node.value, scope), scope);
        return;
      case 'setBlock':
        this.#setBlock(node, scope);
        return;
      case 'macro':
        scope.set(node.name, this.#macro(node.name, node, scope));
        return;
      case 'callBlock':
        this.#callBlock(node, scope);
        return;
      case 'filterBlock': {
        const text = this.#captured(node.body, new Scope(scope));
        this.#write(show(this.#evaluator.filtered(node.filter, scope, text), this.#meter));
        return;
      }
      case 'with':
        this.#with(node, scope);
        return;
      case 'block':
        this.#body(node.body, new Scope(node.isScoped ? scope : this.#root));
        return;
      case 'generation':
        this.#write(this.#captured(node.body, new Scope(scope)));
        return;
      case 'autoescape':
        if (isTrue(this.#evaluator.value(node.value, scope))) {
          raise('TemplateRuntimeError', 'autoescape is not supported in chat templates.');
        }
        this.#body(node.body, new Scope(scope));
        return;
      case 'load':
        typeError('no loader for this environment specified');
    }
  }

  #for(node: ForNode, scope: Scope, iterable: Value, depth: number): void {
    const recurse: Recurse | null = node.isRecursive
      ? (items, level) => this.#recursed(node, scope, items, level)
      : null;
    const items = node.test === null ? iterable : this.#tested(node, scope, iterable);
    const loop = new LoopContext(items, depth, recurse, this.#meter);
    let isEmpty = true;
    for (let next = loop.next(); next.done !== true; next = loop.next()) {
      isEmpty = false;
      const inner = new Scope(scope);
      inner.set('loop', loop);
      this.#assign(node.target, next.value, inner);
      if (this.#body(node.body, inner) === 'break') return;
    }
    if (isEmpty) this.#body(node.otherwise, new Scope(scope));
  }

  /** `for x in items if test`: what the test lets through, as it is asked for. */
  #tested(node: ForNode, scope: Scope, items: Value): Value {
    const test = node.test;
    if (test === null) return items;
    const source = each(items, this.#meter);
    const first = source.next();
    return lazily(
      function* (this: Renderer) {
        for (let next = first; next.done !== true; next = source.next()) {
          const inner = new Scope(scope);
          inner.set('loop', new Undefined("'loop' is undefined"));
          this.#assign(node.target, next.value, inner);
          if (isTrue(this.#evaluator.value(test, inner))) yield next.value;
        }
      }.bind(this),
    );
  }

  #recursed(node: ForNode, scope: Scope, items: Value, depth: number): string {
    const [out, length] = [this.#out, this.#length];
    if (depth > MAX_DEPTH) throw new RangeError('maximum recursion depth exceeded');
    this.#out = [];
    this.#length = 0;
    this.#for(node, scope, items, depth);
    const text = this.#out.join('');
    [this.#out, this.#length] = [out, length];
    return text;
  }

  #assign(target: Target, value: Value, scope: Scope): void {
    if (target.kind === 'name') {
      scope.set(target.name, value);
      return;
    }
    if (target.kind === 'attribute') {
      const namespace = scope.get(target.of);
      if (!(namespace instanceof Namespace)) {
        raise('TemplateRuntimeError', 'cannot assign attribute on non-namespace object');
      }
      namespace.set(target.name, value);
      return;
    }
    const items = this.#unpacked(value, target.items.length);
    for (const [i, one] of target.items.entries()) this.#assign(one, items[i] ?? null, scope);
  }

  #unpacked(value: Value, count: number): readonly Value[] {
    const items: Value[] = [];
    for (const item of each(value, this.#meter)) {
      if (items.length === count)
        raise('ValueError', `too many values to unpack (expected ${count})`);
      items.push(item);
    }
    if (items.length < count) {
      raise('ValueError', `not enough values to unpack (expected ${count}, got ${items.length})`);
    }
    return items;
  }

  #setBlock({ target, filter, body }: SetBlockNode, scope: Scope): void {
    const inner = new Scope(scope);
    // Inside, the name is that of the block itself, which is not there yet.
    if (target.kind === 'name')
      inner.set(target.name, new Undefined(`'${target.name}' is undefined`));
    const text = this.#captured(body, inner);
    const value = filter === null ? text : this.#evaluator.filtered(filter, scope, text);
    this.#assign(target, value, scope);
  }

  #macro(name: string | null, signature: Signature, scope: Scope): Macro {
    const body = (inner: Scope): string => this.#captured(signature.body, inner);
    return new Macro(name, signature, { scope, body, evaluator: this.#evaluator });
  }

  #callBlock({ call, caller }: CallBlockNode, scope: Scope): void {
    const callee = this.#evaluator.value(call.of, scope);
    const [args, kwargs] = this.#evaluator.arguments(call, scope);
    const given = new Map([...kwargs, ['caller', this.#macro('caller', caller, scope)]]);
    this.#write(show(callValue(callee, args, given), this.#meter));
  }

  /** The values are those from outside: none sees the names before it. */
  #with({ bindings, body }: WithNode, scope: Scope): void {
    const inner = new Scope(scope);
    const values = bindings.map(([, value]) => this.#evaluator.value(value, scope));
    for (const [i, [target]] of bindings.entries()) this.#assign(target, values[i] ?? null, inner);
    this.#body(body, inner);
  }
}
