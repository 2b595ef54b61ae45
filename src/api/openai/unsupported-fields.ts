import { refuse } from '../../core/errors.js';
import type { FieldReader } from '../../http/field-reader.js';

/** Fields that change the answer in ways that are still to come. */
export const NOT_YET = [
  'functions',
  'function_call',
  'audio',
  'use_beam_search',
  'web_search_options',
] as const;

/** What this version cannot do is an error, never silently left out. @throws RequestError */
export function checkUnsupportedFields(read: FieldReader): void {
  for (const name of NOT_YET) {
    if (isGiven(read.raw(name))) notYet(name);
  }
}

/** Null, false, "" and empty lists ask for nothing. */
function isGiven(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return value !== null && value !== false && value !== '';
}

function notYet(what: string): never {
  refuse(`${what} is not supported by this version of the server yet.`);
}
