import { BUCKET_RULE, bucketsOf } from '../core/bucket-rule.js';
import { UsageError, type FlagSpec } from './flag-spec.js';

/** Reads an argument's text. `source` names it in the error: `--port`, `RADISH_PORT`. */
export function parseText(spec: FlagSpec, text: string, source: string): unknown {
  switch (spec.type) {
    case 'string':
      return text;
    case 'choice':
      return checkValue(spec, text, source);
    case 'int':
    case 'float':
      return checkValue(spec, text.trim() === '' ? NaN : Number(text), source, text);
    case 'bool':
      return parseBoolean(text, source);
    case 'json':
      return parseJson(text, source);
    case 'buckets':
      return checkValue(spec, wordsOf(text).map(Number), source, text);
    case 'bucketRule':
      return checkValue(spec, wordsOf(text), source, text);
  }
}

/** Checks a value of the config file, or a parsed one. `shown` is how the error quotes it. */
export function checkValue(
  spec: FlagSpec,
  given: unknown,
  source: string,
  shown = String(given),
): unknown {
  // A JSON rule may hold its numbers as numbers.
  const value = spec.type === 'bucketRule' && Array.isArray(given) ? given.map(String) : given;
  const expected = expectation(spec, value);
  if (expected === null) return value;
  throw new UsageError(`${source} must be ${expected}, got '${shown}'.`);
}

/** What the value should have been, or null when it is that. */
function expectation(spec: FlagSpec, value: unknown): string | null {
  switch (spec.type) {
    case 'string':
      return typeof value === 'string' ? null : 'a string';
    case 'choice':
      return spec.choices.some((one) => one === value) ? null : `one of ${spec.choices.join(', ')}`;
    case 'int':
      return Number.isSafeInteger(value) && inRange(spec, value as number)
        ? null
        : `an integer${rangeText(spec)}`;
    case 'float':
      return Number.isFinite(value) && inRange(spec, value as number)
        ? null
        : `a number${rangeText(spec)}`;
    case 'bool':
      return typeof value === 'boolean' ? null : 'true or false';
    case 'json':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
        ? null
        : 'a JSON object';
    case 'buckets':
      return isAscending(value) ? null : 'a list of ascending numbers';
    case 'bucketRule':
      return Array.isArray(value) && bucketsOf(value as string[], []) !== null ? null : BUCKET_RULE;
  }
}

/** Words of a list, between spaces or commas: `0.1 0.5`, `0.1,0.5`. */
function wordsOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '');
}

function isAscending(value: unknown): boolean {
  if (!Array.isArray(value) || value.length === 0) return false;
  const list: readonly unknown[] = value;
  return list.every(
    (one, i) => Number.isFinite(one) && (i === 0 || Number(one) > Number(list[i - 1])),
  );
}

function inRange({ min, max }: FlagSpec, value: number): boolean {
  return value >= min && value <= max;
}

function rangeText({ min, max }: FlagSpec): string {
  if (min === -Infinity) return '';
  return max === Infinity ? ` of at least ${min}` : ` from ${min} to ${max}`;
}

function parseBoolean(text: string, source: string): boolean {
  if (/^(1|true|yes|on)$/i.test(text)) return true;
  if (/^(0|false|no|off|)$/i.test(text)) return false;
  throw new UsageError(`${source} must be true or false, got '${text}'.`);
}

function parseJson(text: string, source: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UsageError(`${source} must be a JSON object, got '${text}'.`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new UsageError(`${source} must be a JSON object, got '${text}'.`);
}
