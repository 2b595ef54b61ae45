import {
  walkNodes,
  type Body,
  type CallNode,
  type Expression,
  type Signature,
  type Statement,
  type Target,
} from './ast.js';
import { raise } from './errors.js';
import { checkNames } from './check-names.js';
import { tokenize } from './lexer.js';
import { ExpressionParser } from './parse-expression.js';
import { TokenStream } from './tokens.js';

/** A whole template. @throws TemplateError TemplateSyntaxError, TemplateAssertionError */
export function parseTemplate(source: string): Body {
  const program = new StatementParser(new TokenStream(tokenize(source))).template();
  checkNames(program);
  return program;
}

const CONSTANT_NAMES = new Set(['true', 'false', 'none', 'True', 'False', 'None']);

class StatementParser {
  readonly #stream: TokenStream;
  readonly #expressions: ExpressionParser;
  readonly #blocks = new Set<string>();
  readonly #tags: Readonly<Record<string, () => Statement>> = {
    for: () => this.#for(),
    if: () => this.#if(),
    set: () => this.#set(),
    macro: () => this.#macro(),
    call: () => this.#callBlock(),
    filter: () => this.#filterBlock(),
    with: () => this.#with(),
    block: () => this.#block(),
    generation: () => ({ kind: 'generation', body: this.#bodyTo('endgeneration') }),
    autoescape: () => ({
      kind: 'autoescape',
      value: this.#expressions.expression(),
      body: this.#bodyTo('endautoescape'),
    }),
    print: () => ({ kind: 'print', of: this.#printed() }),
    break: () => ({ kind: 'break' }),
    continue: () => ({ kind: 'continue' }),
    include: () => this.#load(),
    import: () => this.#load(),
    from: () => this.#load(),
    extends: () => this.#load(),
  };

  constructor(stream: TokenStream) {
    this.#stream = stream;
    this.#expressions = new ExpressionParser(stream);
  }

  template(): Body {
    return this.#statements([]);
  }

  /** Up to a tag of `ends`, whose name is then the current token. */
  #statements(ends: readonly string[]): Body {
    const body: Statement[] = [];
    while (!this.#stream.is('eof')) {
      if (this.#stream.is('data')) {
        body.push({ kind: 'data', text: this.#stream.next().text });
      } else if (this.#stream.skip('variableBegin')) {
        body.push({ kind: 'print', of: this.#expressions.tuple() });
        this.#stream.expect('variableEnd');
      } else {
        this.#stream.expect('blockBegin');
        const { type, text } = this.#stream.current;
        if (type === 'name' && ends.includes(text)) return body;
        body.push(this.#statement());
        this.#stream.expect('blockEnd');
      }
    }
    if (ends.length > 0) {
      const wanted = ends.map((end) => `'${end}'`).join(' or ');
      this.#stream.fail(
        `Unexpected end of template. Jinja was looking for the following tags: ${wanted}.`,
      );
    }
    return body;
  }

  #statement(): Statement {
    if (!this.#stream.is('name')) this.#stream.fail('tag name expected');
    const { text } = this.#stream.current;
    const parse = Object.hasOwn(this.#tags, text) ? this.#tags[text] : undefined;
    if (parse === undefined) return this.#stream.fail(`Encountered unknown tag '${text}'.`);
    this.#stream.next();
    return parse();
  }

  /** What stands between this tag's end and the next of `ends`. */
  #body(ends: readonly string[]): Body {
    this.#stream.skip('operator', ':');
    this.#stream.expect('blockEnd');
    return this.#statements(ends);
  }

  #bodyTo(end: string): Body {
    const body = this.#body([end]);
    this.#stream.next();
    return body;
  }

  #for(): Statement {
    const target = this.#target({ endsAt: ['in'] });
    this.#stream.expect('name', 'in');
    const iterable = this.#expressions.tuple({ withCondition: false, endsAt: ['recursive'] });
    const test = this.#stream.skip('name', 'if') ? this.#expressions.expression() : null;
    const isRecursive = this.#stream.skip('name', 'recursive');
    const body = this.#body(['endfor', 'else']);
    const hasElse = this.#stream.next().text === 'else';
    const otherwise = hasElse ? this.#bodyTo('endfor') : [];
    return { kind: 'for', target, iterable, test, isRecursive, body, otherwise };
  }

  #if(): Statement {
    const branches: (readonly [Expression, Body])[] = [];
    for (;;) {
      const test = this.#expressions.tuple({ withCondition: false });
      branches.push([test, this.#body(['elif', 'else', 'endif'])]);
      const tag = this.#stream.next().text;
      if (tag === 'elif') continue;
      return { kind: 'if', branches, otherwise: tag === 'else' ? this.#bodyTo('endif') : [] };
    }
  }

  #set(): Statement {
    const target = this.#target({ withAttribute: true });
    if (this.#stream.skip('operator', '=')) {
      return { kind: 'set', target, value: this.#expressions.tuple() };
    }
    const filter = this.#expressions.filters(null);
    return { kind: 'setBlock', target, filter, body: this.#bodyTo('endset') };
  }

  #macro(): Statement {
    const name = this.#assignedName();
    const params = this.#signature();
    return { kind: 'macro', name, ...signature(params, this.#bodyTo('endmacro')) };
  }

  #callBlock(): Statement {
    const params = this.#stream.is('operator', '(') ? this.#signature() : [];
    const call = this.#expressions.expression();
    if (call.kind !== 'call') this.#stream.fail('expected call');
    const caller = signature(params, this.#bodyTo('endcall'));
    return { kind: 'callBlock', call: call satisfies CallNode, caller };
  }

  #signature(): Signature['params'] {
    const params: { name: string; fallback: Expression | null }[] = [];
    this.#stream.expect('operator', '(');
    while (!this.#stream.is('operator', ')')) {
      if (params.length > 0) this.#stream.expect('operator', ',');
      const name = this.#assignedName();
      const fallback = this.#stream.skip('operator', '=') ? this.#expressions.expression() : null;
      if (fallback === null && (params.at(-1)?.fallback ?? null) !== null) {
        this.#stream.fail('non-default argument follows default argument');
      }
      params.push({ name, fallback });
    }
    this.#stream.next();
    return params;
  }

  #filterBlock(): Statement {
    const first = this.#expressions.filter(null);
    const filter = this.#expressions.filters(first) ?? first;
    return { kind: 'filterBlock', filter, body: this.#bodyTo('endfilter') };
  }

  #with(): Statement {
    const bindings: (readonly [Target, Expression])[] = [];
    while (!this.#stream.is('blockEnd')) {
      if (bindings.length > 0) this.#stream.expect('operator', ',');
      const target = this.#target({ endsAt: [] });
      this.#stream.expect('operator', '=');
      bindings.push([target, this.#expressions.expression()]);
    }
    return { kind: 'with', bindings, body: this.#bodyTo('endwith') };
  }

  #block(): Statement {
    const { text: name, line } = this.#stream.expect('name');
    const isScoped = this.#stream.skip('name', 'scoped');
    this.#stream.skip('name', 'required');
    const body = this.#bodyTo('endblock');
    this.#stream.skip('name', name);
    if (this.#blocks.has(name)) {
      raise('TemplateAssertionError', `block '${name}' defined twice (line ${line})`);
    }
    this.#blocks.add(name);
    return { kind: 'block', name, isScoped, body };
  }

  /** `{% print a, b %}` prints both. */
  #printed(): Expression {
    const items: Expression[] = [];
    while (!this.#stream.is('blockEnd')) {
      if (items.length > 0) this.#stream.expect('operator', ',');
      items.push(this.#expressions.expression());
    }
    return { kind: 'concat', items };
  }

  #load(): Statement {
    while (!this.#stream.is('blockEnd') && !this.#stream.is('eof')) this.#stream.next();
    return { kind: 'load' };
  }

  #target({ endsAt = [], withAttribute = false }: TargetOptions): Target {
    const items: Target[] = [];
    let isTuple = false;
    while (!this.#expressions.isTupleEnd(endsAt)) {
      items.push(this.#oneTarget(withAttribute));
      if (!this.#stream.skip('operator', ',')) break;
      isTuple = true;
    }
    const [only] = items;
    if (only === undefined) this.#stream.fail('Expected an expression');
    return isTuple ? { kind: 'tuple', items } : only;
  }

  #oneTarget(withAttribute: boolean): Target {
    if (this.#stream.skip('operator', '(')) {
      const target = this.#target({ withAttribute });
      this.#stream.expect('operator', ')');
      return target;
    }
    const name = this.#assignedName();
    if (!withAttribute || !this.#stream.skip('operator', '.')) return { kind: 'name', name };
    return { kind: 'attribute', of: name, name: this.#stream.expect('name').text };
  }

  #assignedName(): string {
    const { text } = this.#stream.expect('name');
    if (CONSTANT_NAMES.has(text)) this.#stream.fail(`can't assign to '${text}'`);
    return text;
  }
}

interface TargetOptions {
  readonly endsAt?: readonly string[];
  /** `ns.x`, which only `set` may write. */
  readonly withAttribute?: boolean;
}

const SPECIAL = ['caller', 'kwargs', 'varargs'];

function signature(params: Signature['params'], body: Body): Signature {
  const names = [...walkNodes(body)].map((node) => (node.kind === 'name' ? node.name : ''));
  return { params, body, reads: new Set(SPECIAL.filter((name) => names.includes(name))) };
}
