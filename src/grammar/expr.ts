import type { CharRanges } from './chars.js';

/** What all kinds of grammars come down to: rules over characters. */
export type Expr =
  | { readonly kind: 'chars'; readonly chars: CharRanges }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'cat'; readonly items: readonly Expr[] }
  | { readonly kind: 'alt'; readonly items: readonly Expr[] }
  /** `max` Infinity = no bound. */
  | { readonly kind: 'repeat'; readonly item: Expr; readonly min: number; readonly max: number }
  | { readonly kind: 'rule'; readonly name: string }
  | Dispatch
  | Until;

/** Any text, until a trigger in it says what follows; then again. */
export interface Dispatch {
  readonly kind: 'dispatch';
  /** None contains another. */
  readonly branches: readonly { readonly trigger: string; readonly then: Expr }[];
  /** The text ends behind the first branch. */
  readonly stopAfterFirst: boolean;
}

/** Any text up to the first `close`, which it ends with; none of `never` is in it. */
export interface Until {
  readonly kind: 'until';
  /** Not empty. It, those of `never` and the mark do not contain one another. */
  readonly close: string;
  readonly never: readonly string[];
  /** What follows a mark is no part of the others. */
  readonly escape?: { readonly mark: string; readonly then: Expr };
}

export interface Rules {
  /** Name of the rule that the whole answer is. */
  readonly root: string;
  readonly rules: ReadonlyMap<string, Expr>;
}

/** The empty text. */
export const NOTHING: Expr = { kind: 'cat', items: [] };
/** No text at all. */
export const IMPOSSIBLE: Expr = { kind: 'alt', items: [] };

export function text(value: string): Expr {
  return { kind: 'text', text: value };
}

export function chars(ranges: CharRanges): Expr {
  return { kind: 'chars', chars: ranges };
}

export function cat(...items: readonly Expr[]): Expr {
  const [only] = items;
  return items.length === 1 && only !== undefined ? only : { kind: 'cat', items };
}

/** At least one item: an empty choice would match nothing at all. */
export function alt(...items: readonly Expr[]): Expr {
  const [only] = items;
  return items.length === 1 && only !== undefined ? only : { kind: 'alt', items };
}

export function repeat(item: Expr, min: number, max = Infinity): Expr {
  return { kind: 'repeat', item, min, max };
}

export function optional(item: Expr): Expr {
  return repeat(item, 0, 1);
}

export function rule(name: string): Expr {
  return { kind: 'rule', name };
}

/** The expressions that one is made of. */
export function partsOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'cat':
    case 'alt':
      return expr.items;
    case 'repeat':
      return [expr.item];
    case 'dispatch':
      return expr.branches.map(({ then }) => then);
    case 'until':
      return expr.escape === undefined ? [] : [expr.escape.then];
    default:
      return [];
  }
}

/** Names of the rules in an expression, each once. */
export function rulesIn(expr: Expr, found = new Set<string>()): ReadonlySet<string> {
  if (expr.kind === 'rule') found.add(expr.name);
  for (const part of partsOf(expr)) rulesIn(part, found);
  return found;
}
