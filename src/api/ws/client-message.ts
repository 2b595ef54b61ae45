import { RequestError, type Failure } from '../../core/errors.js';
import {
  fieldOf,
  isObject,
  keepSource,
  parseJsonObject,
  type JsonObject,
} from '../../http/json.js';

/** A request's name on its socket: `1` and `"1"` are two. */
export type RequestId = string | number;

/** What can be asked for: each takes the body of an HTTP route as it is, `explain` a prompt of one of them. */
export const ASK_OPS = ['generate', 'chat', 'completions', 'explain'] as const;
export type AskOp = (typeof ASK_OPS)[number];

export interface AskMessage {
  readonly op: AskOp;
  readonly id: RequestId;
  readonly body: JsonObject;
}

export interface WatchMessage {
  readonly op: 'watch';
  readonly id: RequestId;
  readonly body: JsonObject;
}

/** What a client says, `radish.v1`. */
export type ClientMessage =
  | AskMessage
  | WatchMessage
  | { readonly op: 'cancel'; readonly id: RequestId }
  | { readonly op: 'auth'; readonly key: string }
  | { readonly op: 'invalid'; readonly id: RequestId | null; readonly failure: Failure };

/** Never throws: what cannot be read is a message too. */
export function parseClientMessage(data: Uint8Array, maxIdChars: number): ClientMessage {
  let message: JsonObject;
  try {
    message = parseJsonObject(data);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    // The parser speaks of a request body; here it is a message.
    return invalid(null, error.message.replace('The request body', 'The message'));
  }
  const id = idOf(message, maxIdChars);
  const op = fieldOf(message, 'op');
  if (op === 'auth') return authMessage(message);
  const asked = [...ASK_OPS, 'watch' as const].find((one) => one === op);
  if (asked === undefined && op !== 'cancel') {
    const names = [...ASK_OPS, 'watch', 'cancel'].map((name) => `"${name}"`).join(', ');
    return invalid(id, `op must be ${names} or "auth".`);
  }
  if (id === null) {
    return invalid(null, `id must be an integer or a string of 1 to ${maxIdChars} characters.`);
  }
  if (asked === undefined) return { op: 'cancel', id };
  const body = fieldOf(message, 'body');
  if (!isObject(body)) return invalid(id, 'body must be a JSON object.');
  keepSource(body, message, 'body');
  return { op: asked, id, body };
}

function authMessage(message: JsonObject): ClientMessage {
  const key = fieldOf(message, 'key');
  return typeof key === 'string' ? { op: 'auth', key } : invalid(null, 'key must be a string.');
}

function idOf(message: JsonObject, maxChars: number): RequestId | null {
  const id = fieldOf(message, 'id');
  if (typeof id === 'string') return id.length > 0 && id.length <= maxChars ? id : null;
  return typeof id === 'number' && Number.isSafeInteger(id) ? id : null;
}

function invalid(id: RequestId | null, message: string): ClientMessage {
  return { op: 'invalid', id, failure: { code: 'INVALID_REQUEST', message } };
}
