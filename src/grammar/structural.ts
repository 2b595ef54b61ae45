import { cat, NOTHING, optional, repeat, rule, text, type Expr, type Rules } from './expr.js';
import { GrammarError } from './errors.js';
import type { ArgumentTags, StructuralGrammar, Structure } from '../core/grammar.js';

const ROOT = 'root';
const ANY_OBJECT = '{"type": "object"}';

/** Rules for the JSON text of a schema, or for its object's properties between tags. @throws GrammarError */
export type LowerSchema = (schema: string, tags?: ArgumentTags) => Rules;

/** @throws GrammarError */
export function structuralRules(spec: StructuralGrammar, lower: LowerSchema): Rules {
  if (spec.structures.length === 0)
    throw new GrammarError('structures must have at least one entry');
  const rules = new Map<string, Expr>();
  const bodies = spec.structures.map((structure, i) => {
    const inner = named(lowerStructure(structure, lower), `${i} `, rules);
    return cat(inner, text(structure.end));
  });
  rules.set(ROOT, spec.atLeastOne ? onlyStructures(spec, bodies) : freeText(spec, bodies));
  return { root: ROOT, rules };
}

function lowerStructure({ schema, isLenient = false, tags }: Structure, lower: LowerSchema): Rules {
  try {
    return lower(schema, tags);
  } catch (error) {
    if (isLenient && error instanceof GrammarError) return lower(ANY_OBJECT, tags);
    throw error;
  }
}

/** Adds the rules under names that are theirs alone. @returns their root */
function named({ root, rules }: Rules, prefix: string, into: Map<string, Expr>): Expr {
  for (const [name, expr] of rules) into.set(prefix + name, renamed(expr, prefix));
  return rule(prefix + root);
}

function renamed(expr: Expr, prefix: string): Expr {
  switch (expr.kind) {
    case 'rule':
      return rule(prefix + expr.name);
    case 'cat':
    case 'alt':
      return { ...expr, items: expr.items.map((item) => renamed(item, prefix)) };
    case 'repeat':
      return { ...expr, item: renamed(expr.item, prefix) };
    default:
      return expr;
  }
}

/** One structure after the other; a line may end between two. */
function onlyStructures(
  { structures, stopAfterFirst }: StructuralGrammar,
  bodies: readonly Expr[],
): Expr {
  const items = structures.map(({ begin }, i) => cat(text(begin), bodies[i] ?? NOTHING));
  const one: Expr = { kind: 'alt', items };
  return stopAfterFirst ? one : cat(one, repeat(cat(optional(text('\n')), one), 0));
}

/** A trigger commits to the structures that begin with it. */
function freeText(
  { structures, triggers, stopAfterFirst }: StructuralGrammar,
  bodies: readonly Expr[],
): Expr {
  if (triggers.length === 0) throw new GrammarError('triggers must have at least one entry');
  structures.forEach(({ begin }) => {
    if (triggers.some((trigger) => begin.startsWith(trigger))) return;
    throw new GrammarError(`no trigger begins the structure ${JSON.stringify(begin)}`);
  });
  const branches = [...new Set(triggers)].map((trigger) => {
    const items = structures.flatMap(({ begin }, i) =>
      begin.startsWith(trigger)
        ? [cat(text(begin.slice(trigger.length)), bodies[i] ?? NOTHING)]
        : [],
    );
    if (items.length === 0) {
      throw new GrammarError(`no structure begins with the trigger ${JSON.stringify(trigger)}`);
    }
    return { trigger, then: { kind: 'alt', items } as const };
  });
  return { kind: 'dispatch', branches, stopAfterFirst };
}
