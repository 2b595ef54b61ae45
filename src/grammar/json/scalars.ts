/** Strings and numbers of JSON, as their keywords bound them. */
import { GrammarError } from '../errors.js';
import { IMPOSSIBLE, type Expr } from '../expr.js';
import { countOf, numberOf, stringOf } from './keywords.js';
import { INTEGER, integersBetween, NUMBER, numbersBetween } from './numbers.js';
import { at, refuse, type JsonMap } from './schema.js';
import type { Spelling } from './spelling.js';
import { boundedPattern, formatString, patternString } from './strings.js';

/** Bounds of numbers beyond this are not exact. */
const MAX_BOUND = 1e15;

/** Strings of a schema; null = any at all, where that is not a JSON string. @throws GrammarError */
export function stringExpr(schema: JsonMap, path: string, spelling: Spelling): Expr | null {
  const min = countOf(schema, 'minLength', path, 0);
  const max = countOf(schema, 'maxLength', path, Infinity);
  const isBounded = min > 0 || max !== Infinity;
  const pattern = stringOf(schema, 'pattern', path);
  const format = stringOf(schema, 'format', path);
  const ofFormat = format === null ? null : formatString(format, spelling);
  if (max < min) return IMPOSSIBLE;
  if (ofFormat === undefined)
    refuse(at(path, 'format'), `the format "${String(format)}" cannot be held by a grammar`);
  if (ofFormat != null) {
    if (pattern !== null || isBounded)
      refuse(at(path, 'format'), 'cannot be held beside a pattern or a length');
    return ofFormat;
  }
  if (pattern === null) return isBounded ? spelling.run(min, max) : spelling.any;
  try {
    if (!isBounded) return patternString(pattern, spelling);
    const bounded = boundedPattern(pattern, { min, max }, spelling);
    if (bounded !== null) return bounded;
  } catch (error) {
    if (error instanceof GrammarError) refuse(at(path, 'pattern'), error.message);
    throw error;
  }
  return refuse(
    at(path, 'pattern'),
    'a length beside it can only be held for one class of characters',
  );
}

/** Numbers of a schema. @throws GrammarError */
export function numberExpr(schema: JsonMap, type: 'integer' | 'number', path: string): Expr {
  const step = numberOf(schema, 'multipleOf', path);
  if (step !== null && !(type === 'integer' && step === 1)) {
    refuse(at(path, 'multipleOf'), 'a grammar cannot count in steps');
  }
  const low = boundOf(schema, ['minimum', 'exclusiveMinimum'], path, -1);
  const high = boundOf(schema, ['maximum', 'exclusiveMaximum'], path, 1);
  if (low === null && high === null) return type === 'integer' ? INTEGER : NUMBER;
  const [from, to] = [
    low ?? { value: -MAX_BOUND, isStrict: true },
    high ?? { value: MAX_BOUND, isStrict: true },
  ];
  if (type === 'number') return numbersBetween(from, to);
  const least = from.isStrict ? Math.floor(from.value) + 1 : Math.ceil(from.value);
  const most = to.isStrict ? Math.ceil(to.value) - 1 : Math.floor(to.value);
  return least > most ? IMPOSSIBLE : integersBetween(least, most);
}

/**
 * The tighter of the two keywords; one beyond all numbers that are written is none, such as the safe integers' own.
 * @param sign 1 = an upper bound
 */
function boundOf(
  schema: JsonMap,
  [plain, exclusive]: readonly [string, string],
  path: string,
  sign: 1 | -1,
): { readonly value: number; readonly isStrict: boolean } | null {
  const read = (name: string): number | null => {
    const bound = numberOf(schema, name, path);
    if (bound === null || sign * bound > MAX_BOUND) return null;
    if (sign * bound < -MAX_BOUND) {
      refuse(at(path, name), `must be in [-${MAX_BOUND}, ${MAX_BOUND}]`);
    }
    return bound;
  };
  const value = read(plain);
  const strict = read(exclusive);
  if (value === null && strict === null) return null;
  if (strict === null || (value !== null && sign * value < sign * strict)) {
    return { value: value ?? 0, isStrict: false };
  }
  return { value: strict, isStrict: true };
}
