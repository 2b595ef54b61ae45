import { BUCKET_RULE, bucketsOf } from '../core/bucket-rule.js';
import { UsageError, type FlagSpec } from './flag-spec.js';

/** How the values of one type of argument are read and checked. */
interface ValueType {
  /** A value of an argument's text, which {@link accepts} then judges. */
  read(text: string): unknown;
  accepts(value: unknown, spec: FlagSpec): boolean;
  /** What a value must be, for the error. */
  expected(spec: FlagSpec): string;
}

/** What reaches the other side of a header as it was sent, by any client. */
const HEADER_TEXT = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/;

const TYPES: Readonly<Record<FlagSpec['type'], ValueType>> = {
  string: {
    read: (text) => text,
    accepts: (value) => typeof value === 'string' && value !== '',
    expected: () => 'a string that is not empty',
  },
  key: {
    read: (text) => text,
    accepts: (value) => typeof value === 'string' && HEADER_TEXT.test(value),
    expected: () => 'a string of printable ASCII characters, without spaces at its ends',
  },
  words: {
    read: wordsOf,
    accepts: (value) => Array.isArray(value) && value.length > 0 && value.every(isWord),
    expected: () => 'a list of words',
  },
  items: {
    read: itemsOf,
    accepts: (value) => Array.isArray(value) && value.length > 0 && value.every(isText),
    expected: () => 'a list of words or JSON objects',
  },
  choice: {
    read: (text) => text,
    accepts: (value, { choices, unlistedChoices }) =>
      [...choices, ...unlistedChoices].some((one) => one === value),
    expected: ({ choices }) => `one of ${choices.join(', ')}`,
  },
  int: {
    read: numberOf,
    accepts: (value, spec) => Number.isSafeInteger(value) && inRange(spec, value as number),
    expected: (spec) => `an integer${rangeText(spec)}`,
  },
  float: {
    read: numberOf,
    accepts: (value, spec) => Number.isFinite(value) && inRange(spec, value as number),
    expected: (spec) => `a number${rangeText(spec)}`,
  },
  bool: {
    read: booleanOf,
    accepts: (value) => typeof value === 'boolean',
    expected: () => 'true or false',
  },
  json: {
    read: jsonOf,
    accepts: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    expected: () => 'a JSON object',
  },
  buckets: {
    read: (text) => wordsOf(text).map(Number),
    accepts: isAscending,
    expected: () => 'a list of ascending numbers',
  },
  bucketRule: {
    read: wordsOf,
    accepts: (value) => Array.isArray(value) && bucketsOf(value as string[], []) !== null,
    expected: () => BUCKET_RULE,
  },
};

/** Reads an argument's text. `source` names it in the error: `--port`, `RADISH_PORT`. @throws UsageError */
export function parseText(spec: FlagSpec, text: string, source: string): unknown {
  return checkValue(spec, TYPES[spec.type].read(text), source, text);
}

/** Checks a value of the config file, or a parsed one. `shown` is how the error quotes it. @throws UsageError */
export function checkValue(
  spec: FlagSpec,
  given: unknown,
  source: string,
  shown = String(given),
): unknown {
  // A JSON rule may hold its numbers as numbers.
  const value = spec.type === 'bucketRule' && Array.isArray(given) ? given.map(String) : given;
  const type = TYPES[spec.type];
  if (type.accepts(value, spec)) return value;
  if (spec.missingChoices.some((choice) => choice === value)) {
    throw new UsageError(
      `${source}: SGLang has '${shown}', this server does not. It has ${spec.choices.join(', ')}.`,
    );
  }
  const got = spec.isSecret ? '' : `, got '${shown}'`;
  throw new UsageError(`${source} must be ${type.expected(spec)}${got}.`);
}

/** The words of a list, between spaces or commas: `0.1 0.5`, `0.1,0.5`. */
function wordsOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '');
}

/** The words of a list, between spaces; a JSON object is one. */
function itemsOf(text: string): string[] {
  return text.match(/\{(?:[^"{}]|"(?:[^"\\]|\\.)*")*\}|\S+/g) ?? [];
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function isWord(value: unknown): boolean {
  return typeof value === 'string' && /^[^\s,]+$/.test(value);
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

function numberOf(text: string): number {
  return text.trim() === '' ? NaN : Number(text);
}

/** Null for a word that means neither. */
function booleanOf(text: string): boolean | null {
  if (/^(1|true|yes|on)$/i.test(text)) return true;
  return /^(0|false|no|off|)$/i.test(text) ? false : null;
}

/** Null for text that is no JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
