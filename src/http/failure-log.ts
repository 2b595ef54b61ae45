import type { FullResponse } from './http.js';
import { fieldOf, isObject } from './json.js';

/** A request that was refused, or failed; null stands for what was never read, or never sent. */
export interface FailedRequest {
  /** Of HTTP; of a WebSocket that is closed its close code. */
  readonly status: number | null;
  /** `WS` for what came over a WebSocket. */
  readonly method: string | null;
  readonly path: string | null;
  /** `x-request-id`; of a message on a WebSocket that of the upgrade, then what names the message. */
  readonly id: string | null;
  /** The client's own `rid`, where it is known; left out otherwise. */
  readonly rid?: string | null;
  /** What the client is told. */
  readonly sentence: string;
}

/** Where the dialects keep their sentence: all errors here are one of these shapes. */
const PLACES: readonly (readonly string[])[] = [
  ['error', 'message'],
  ['message'],
  ['detail'],
  ['error'],
];

/** The sentence of an error response; a body that is no JSON is one itself. Empty = it has none. */
export function sentenceOf({ body = '' }: Pick<FullResponse, 'body'>): string {
  if (typeof body !== 'string') return '';
  const value = parsed(body);
  if (value === NO_JSON) return body;
  for (const place of PLACES) {
    const found = place.reduce<unknown>(
      (at, key) => (isObject(at) ? fieldOf(at, key) : null),
      value,
    );
    if (typeof found === 'string') return found;
  }
  return '';
}

const NO_JSON = Symbol('no JSON');

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return NO_JSON;
  }
}
