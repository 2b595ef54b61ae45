/**
 * What pydantic's lax mode makes of a JSON value, for fields that FastAPI validates: text that is a number or a
 * truth value counts as one. Undefined = it refuses the value.
 */

/** `"4"`, `" +4 "`, `"4.0"`, `"1_000"` */
const INTEGER = /^[+-]?\d+(?:_\d+)*(?:\.0*)?$/;
/** `"4"`, `"4.5"`, `".5"`, `"1."`, `"1e3"`, `"1_000"` */
const NUMBER = /^[+-]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+)?$/i;
const SPECIAL: Readonly<Record<string, number>> = { nan: NaN, inf: Infinity, infinity: Infinity };
const TRUTH: Readonly<Record<string, boolean>> = {
  true: true,
  t: true,
  yes: true,
  y: true,
  on: true,
  '1': true,
  false: false,
  f: false,
  no: false,
  n: false,
  off: false,
  '0': false,
};

/** An integer that a double holds exactly. */
export function coerceInteger(value: unknown): number | undefined {
  const number = typeof value === 'string' ? integerIn(value) : numberIn(value);
  return Number.isSafeInteger(number) ? number : undefined;
}

export function coerceNumber(value: unknown): number | undefined {
  if (typeof value !== 'string') return numberIn(value);
  const text = value.trim();
  if (NUMBER.test(text)) return Number(text.replaceAll('_', ''));
  const sign = text.startsWith('-') ? -1 : 1;
  const special = ownOf(SPECIAL, text.replace(/^[+-]/, '').toLowerCase());
  return special === undefined ? undefined : sign * special;
}

export function coerceBoolean(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (value === 0 || value === 1) return value === 1;
  return typeof value === 'string' ? ownOf(TRUTH, value.toLowerCase()) : undefined;
}

function integerIn(text: string): number | undefined {
  const trimmed = text.trim();
  return INTEGER.test(trimmed) ? Number(trimmed.replaceAll('_', '')) : undefined;
}

function numberIn(value: unknown): number | undefined {
  if (typeof value === 'boolean') return value ? 1 : 0;
  return typeof value === 'number' ? value : undefined;
}

function ownOf<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
