import { fieldOf, type JsonObject } from '../../http/json.js';
import type { FullResponse } from '../../http/http.js';
import { failureResponse } from './spelling.js';

/** By this code Anthropic's tool runners learn to send all messages instead. */
const DETAILS = { error_code: 'thread_unsupported_request', unsupported: ['thread'] };

/** The refusal of a body whose conversation the server is to keep (`thread`); null = it keeps it itself. */
export function threadRefusal(body: JsonObject, requestId: string): FullResponse | null {
  const thread = fieldOf(body, 'thread');
  if (thread === null || thread === false) return null;
  const message = 'thread: not supported: no conversations are kept here: send all messages';
  return failureResponse({ code: 'INVALID_REQUEST', message }, requestId, DETAILS);
}
