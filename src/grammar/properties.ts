/** What must be known of rules before they can run: which match anything at all, and which begin with themselves. */
import { GrammarError } from './errors.js';
import { alt, cat, partsOf, repeat, rulesIn, type Expr, type Rules } from './expr.js';

type Has = (name: string) => boolean;

/** Names of the rules for which `test` becomes true, given those for which it is true already. */
function fixpoint({ rules }: Rules, test: (expr: Expr, has: Has) => boolean): ReadonlySet<string> {
  const users = new Map<string, string[]>();
  for (const [name, expr] of rules) {
    for (const used of rulesIn(expr)) users.set(used, [...(users.get(used) ?? []), name]);
  }
  const found = new Set<string>();
  const queue = [...rules.keys()];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    const expr = rules.get(name);
    if (found.has(name) || expr === undefined) continue;
    if (!test(expr, (other) => found.has(other))) continue;
    found.add(name);
    queue.push(...(users.get(name) ?? []));
  }
  return found;
}

/** Rules that match some text. */
export function productiveRules(rules: Rules): ReadonlySet<string> {
  return fixpoint(rules, isProductive);
}

/** Rules that match the empty text. */
export function nullableRules(rules: Rules): ReadonlySet<string> {
  return fixpoint(rules, isNullable);
}

export function isProductive(expr: Expr, has: Has): boolean {
  switch (expr.kind) {
    case 'chars':
      return expr.chars.length > 0;
    case 'text':
    case 'dispatch':
    case 'until':
      return true;
    case 'cat':
      return expr.items.every((item) => isProductive(item, has));
    case 'alt':
      return expr.items.some((item) => isProductive(item, has));
    case 'repeat':
      return expr.min === 0 || isProductive(expr.item, has);
    case 'rule':
      return has(expr.name);
  }
}

export function isNullable(expr: Expr, has: Has): boolean {
  switch (expr.kind) {
    case 'chars':
    case 'until':
      return false;
    case 'text':
      return expr.text === '';
    case 'dispatch':
      return true;
    case 'cat':
      return expr.items.every((item) => isNullable(item, has));
    case 'alt':
      return expr.items.some((item) => isNullable(item, has));
    case 'repeat':
      return expr.min === 0 || isNullable(expr.item, has);
    case 'rule':
      return has(expr.name);
  }
}

/**
 * The same language without rules that begin with themselves: a machine that goes from left to right would
 * never come to their first character. `a ::= a x | y` becomes `a ::= y x*`.
 * @throws GrammarError where a rule begins with itself through another
 */
export function withoutLeftRecursion({ root, rules }: Rules): Rules {
  const turned = new Map([...rules].map(([name, expr]) => [name, turnAround(name, expr)]));
  const result = { root, rules: turned };
  const nullable = nullableRules(result);
  const circle = findCircle(turned, (expr) => leftmost(expr, (name) => nullable.has(name)));
  if (circle !== null) {
    throw new GrammarError(`rule "${circle}" begins with itself by way of another rule`);
  }
  return result;
}

function turnAround(name: string, expr: Expr): Expr {
  const items = expr.kind === 'alt' ? expr.items : [expr];
  const tails: Expr[] = [];
  const heads: Expr[] = [];
  for (const item of items) {
    const [first, ...rest] = item.kind === 'cat' ? item.items : [item];
    const isOwn = first?.kind === 'rule' && first.name === name;
    if (isOwn && rest.length > 0) tails.push(cat(...rest));
    else if (!isOwn) heads.push(item);
  }
  if (tails.length === 0 && heads.length === items.length) return expr;
  const head: Expr = { kind: 'alt', items: heads };
  return tails.length === 0 ? head : cat(head, repeat(alt(...tails), 0));
}

/** Rules that an expression may begin with. */
function leftmost(expr: Expr, has: Has, found = new Set<string>()): ReadonlySet<string> {
  if (expr.kind === 'rule') found.add(expr.name);
  if (expr.kind === 'cat') {
    for (const item of expr.items) {
      leftmost(item, has, found);
      if (!isNullable(item, has)) break;
    }
  } else if (expr.kind !== 'dispatch' && expr.kind !== 'until') {
    for (const part of partsOf(expr)) leftmost(part, has, found);
  }
  return found;
}

/** A name on a circle of the graph, or null. Without recursion: chains of rules may be long. */
function findCircle(
  rules: ReadonlyMap<string, Expr>,
  nextOf: (expr: Expr) => ReadonlySet<string>,
): string | null {
  const done = new Set<string>();
  const open = new Set<string>();
  for (const start of rules.keys()) {
    const path: { readonly name: string; readonly next: string[] }[] = [];
    const enter = (name: string): void => {
      const expr = rules.get(name);
      open.add(name);
      path.push({ name, next: expr === undefined ? [] : [...nextOf(expr)] });
    };
    if (!done.has(start)) enter(start);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const next = top.next.pop();
      if (next === undefined) {
        path.pop();
        open.delete(top.name);
        done.add(top.name);
      } else if (open.has(next)) return next;
      else if (!done.has(next)) enter(next);
    }
  }
  return null;
}
