/** What a template is once it is parsed; the kinds and their fields are those of Jinja2's `nodes`. */
export type Expression =
  | {
      readonly kind: 'const';
      readonly value: null | boolean | number | bigint | string | FloatNode;
    }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'list' | 'tuple'; readonly items: readonly Expression[] }
  | { readonly kind: 'dict'; readonly pairs: readonly (readonly [Expression, Expression])[] }
  | { readonly kind: 'getattr'; readonly of: Expression; readonly name: string }
  | { readonly kind: 'getitem'; readonly of: Expression; readonly key: Expression }
  | SliceNode
  | CallNode
  | FilterNode
  | TestNode
  | { readonly kind: 'not'; readonly of: Expression }
  | { readonly kind: 'unary'; readonly sign: '-' | '+'; readonly of: Expression }
  | { readonly kind: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | BinaryNode
  | { readonly kind: 'concat'; readonly items: readonly Expression[] }
  | CompareNode
  | ConditionNode;

/** A literal with a point or an exponent: 1.0 is no integer. */
export interface FloatNode {
  readonly float: number;
}

export interface SliceNode {
  readonly kind: 'slice';
  readonly start: Expression | null;
  readonly stop: Expression | null;
  readonly step: Expression | null;
}

export interface ArgumentsNode {
  readonly args: readonly Expression[];
  readonly kwargs: readonly (readonly [string, Expression])[];
  /** `*x` */
  readonly moreArgs: Expression | null;
  /** `**x` */
  readonly moreKwargs: Expression | null;
}

export interface CallNode extends ArgumentsNode {
  readonly kind: 'call';
  readonly of: Expression;
}

export interface FilterNode extends ArgumentsNode {
  readonly kind: 'filter';
  readonly name: string;
  /** Null = the text of the block that the filter stands over. */
  readonly of: Expression | null;
  readonly line: number;
}

export interface TestNode extends ArgumentsNode {
  readonly kind: 'test';
  readonly name: string;
  readonly of: Expression;
  readonly line: number;
}

export type BinaryOperator = '+' | '-' | '*' | '/' | '//' | '%' | '**';

export interface BinaryNode {
  readonly kind: 'binary';
  readonly operator: BinaryOperator;
  readonly left: Expression;
  readonly right: Expression;
}

export type CompareOperator = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in';

/** `a < b < c`: each pair is asked, and the first that fails ends it. */
export interface CompareNode {
  readonly kind: 'compare';
  readonly first: Expression;
  readonly rest: readonly (readonly [CompareOperator, Expression])[];
}

export interface ConditionNode {
  readonly kind: 'condition';
  readonly test: Expression;
  readonly then: Expression;
  readonly otherwise: Expression | null;
  readonly line: number;
}

/** What `set`, `for` and `with` write to. */
export type Target =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'attribute'; readonly of: string; readonly name: string }
  | { readonly kind: 'tuple'; readonly items: readonly Target[] };

export type Statement =
  | { readonly kind: 'data'; readonly text: string }
  | { readonly kind: 'print'; readonly of: Expression }
  | IfNode
  | ForNode
  | { readonly kind: 'set'; readonly target: Target; readonly value: Expression }
  | SetBlockNode
  | MacroNode
  | CallBlockNode
  | { readonly kind: 'filterBlock'; readonly filter: FilterNode; readonly body: Body }
  | WithNode
  | BlockNode
  | { readonly kind: 'generation'; readonly body: Body }
  | { readonly kind: 'autoescape'; readonly value: Expression; readonly body: Body }
  | { readonly kind: 'break' | 'continue' }
  /** `include`, `import`, `from`, `extends`: there is nowhere to load from. */
  | { readonly kind: 'load' };

export type Body = readonly Statement[];

export interface IfNode {
  readonly kind: 'if';
  /** `if` and every `elif` */
  readonly branches: readonly (readonly [Expression, Body])[];
  readonly otherwise: Body;
}

export interface ForNode {
  readonly kind: 'for';
  readonly target: Target;
  readonly iterable: Expression;
  readonly test: Expression | null;
  readonly isRecursive: boolean;
  readonly body: Body;
  readonly otherwise: Body;
}

export interface SetBlockNode {
  readonly kind: 'setBlock';
  readonly target: Target;
  readonly filter: FilterNode | null;
  readonly body: Body;
}

export interface Signature {
  readonly params: readonly { readonly name: string; readonly fallback: Expression | null }[];
  readonly body: Body;
  /** Which of `caller`, `kwargs` and `varargs` the body reads: only then are they accepted. */
  readonly reads: ReadonlySet<string>;
}

export interface MacroNode extends Signature {
  readonly kind: 'macro';
  readonly name: string;
}

export interface CallBlockNode {
  readonly kind: 'callBlock';
  readonly call: CallNode;
  readonly caller: Signature;
}

export interface BlockNode {
  readonly kind: 'block';
  readonly name: string;
  readonly isScoped: boolean;
  readonly body: Body;
}

export interface WithNode {
  readonly kind: 'with';
  readonly bindings: readonly (readonly [Target, Expression])[];
  readonly body: Body;
}

/** Every object of the tree below and with `root`. */
export function* walkNodes(root: unknown): Generator<Expression | Statement> {
  if (typeof root !== 'object' || root === null || root instanceof Set) return;
  if ('kind' in root) yield root as Expression | Statement;
  for (const child of Object.values(root)) yield* walkNodes(child);
}
