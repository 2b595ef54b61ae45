import { randomUUID } from 'node:crypto';

import { fieldOf, isObject, type JsonObject } from '../../http/json.js';

/** The id of an answer's call, by the function's name and the call's place among the answer's calls. */
export type CallIds = (name: string, index: number) => string;

/** Kimi K2 was trained on ids that count the calls of a whole conversation; others take any. */
export function callIds(parser: string | null, body: JsonObject): CallIds {
  if (parser !== 'kimi_k2') return randomCallId;
  const numBefore = numCalls(fieldOf(body, 'messages'));
  return (name, index) => `functions.${name}:${numBefore + index}`;
}

/** `call_` and 24 hexadecimal digits, as in SGLang. */
export function randomCallId(): string {
  return `call_${randomUUID().replaceAll('-', '').slice(0, 24)}`;
}

function numCalls(messages: unknown): number {
  if (!Array.isArray(messages)) return 0;
  return messages.reduce((sum: number, message: unknown) => {
    const isAssistant = isObject(message) && /^assistant$/i.test(String(message['role']));
    const calls = isAssistant ? fieldOf(message, 'tool_calls') : null;
    return sum + (Array.isArray(calls) ? calls.length : 0);
  }, 0);
}
