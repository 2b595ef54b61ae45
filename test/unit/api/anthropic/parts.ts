import { RequestError } from '../../../../src/core/errors.js';
import { MESSAGES } from '../../../../src/api/anthropic/fields.js';
import { Part } from '../../../../src/api/anthropic/part.js';
import { chatBody } from '../../../../src/api/openai/chat-body.js';
import { describeAs } from '../../../../src/http/described.js';
import { fromJson } from '../../../../src/text/jinja/json-value.js';
import { Dict, type Value } from '../../../../src/text/jinja/values.js';

/** A body as the dialect reads it: by its description. */
export function partOf(body: object): Part {
  const dict = fromJson(body);
  return new Part(describeAs(dict instanceof Dict ? dict : new Dict(), MESSAGES));
}

/** What a value is in the chat body that it is put into. */
export function plain(value: Value): unknown {
  return chatBody({ value })['value'] ?? null;
}

/** What is refused, as the client is told. */
export function refusal(act: () => unknown): string {
  try {
    act();
    return 'nothing was refused';
  } catch (error) {
    if (error instanceof RequestError && error.code === 'INVALID_REQUEST') return error.message;
    throw error;
  }
}
