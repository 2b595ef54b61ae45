import { refuse } from '../../core/errors.js';
import type { FieldReader } from '../../http/field-reader.js';
import { isObject } from '../../http/json.js';

/** Fields that change the answer in ways that are still to come. */
const NOT_YET = [
  'functions',
  'function_call',
  'reasoning_effort',
  'reasoning',
  'suffix',
  'audio',
  'return_cached_tokens_details',
  'return_prompt_token_ids',
  'return_token_ids',
  'return_meta_info',
  'max_thinking_tokens',
  'use_beam_search',
] as const;

/** What this version cannot do is an error, never silently left out. @throws RequestError */
export function checkUnsupportedFields(read: FieldReader): void {
  checkTools(read);
  for (const name of NOT_YET) {
    if (isGiven(read.raw(name))) notYet(name);
  }
}

function checkTools(read: FieldReader): void {
  const hasTools = isGiven(read.raw('tools'));
  const choice = read.raw('tool_choice');
  if (!hasTools && choice === 'required') {
    refuse('Tools cannot be empty if tool choice is set to required.');
  }
  if (!hasTools && isObject(choice)) {
    refuse('Tools cannot be empty if tool choice is set to a specific tool.');
  }
  if (hasTools) notYet('tools');
}

/** Null, false, "" and empty lists ask for nothing. */
function isGiven(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return value !== null && value !== false && value !== '';
}

function notYet(what: string): never {
  refuse(`${what} is not supported by this version of the server yet.`);
}
