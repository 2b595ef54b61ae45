import type { Fields, Schema, Shape } from '../../http/fields.js';
import type { Access } from '../../http/auth.js';

/** What the document says of one route, beside what the route itself says. */
export interface Operation {
  readonly tag: Tag;
  readonly summary: string;
  /** The body; null = none is read. */
  readonly body: Body | null;
  readonly query: Fields;
  /** Media types of the 200, each with its schema; none = an empty 200. */
  readonly answers: Readonly<Record<string, Schema>>;
  /** Statuses beside those that the way to the handler brings. */
  readonly statuses: readonly Status[];
}

export interface Body {
  readonly fields: Fields;
  readonly required: readonly string[];
  /** False: it may be left out. */
  readonly isNeeded: boolean;
}

export type Tag = 'text' | 'vectors' | 'responses' | 'anthropic' | 'ollama' | 'state' | 'admin';

/** Statuses by what they mean here. */
export const STATUSES = {
  400: 'The request cannot be: the message says why.',
  401: 'The key is missing or wrong.',
  403: 'Without a key: a web page of another site asks, or it was asked under a strange Host.',
  404: 'There is no such thing.',
  408: 'The body did not arrive in time.',
  413: 'The body is too large.',
  426: 'Only an upgrade to a WebSocket makes sense here.',
  500: 'A device failed, or an id is none of the tokenizer.',
  501: 'Not in this server.',
  503: 'The server is full, starting or going away: Retry-After says when to come back.',
  529: 'The queue is full, in the words of Anthropic.',
} as const;
export type Status = keyof typeof STATUSES;

/** On the way to any handler. */
export function statusesOf(operation: Operation, access: Access): readonly Status[] {
  const statuses = new Set<Status>([...operation.statuses, 403]);
  if (access !== 'open') statuses.add(401);
  if (operation.body !== null) for (const status of BODY_STATUSES) statuses.add(status);
  return [...statuses].sort((a, b) => a - b);
}

const BODY_STATUSES: readonly Status[] = [400, 408, 413, 503];

const JSON_TYPE = 'application/json';

export const TEXT: Schema = { type: 'string' };
/** Of a stream: OpenAPI 3.1 has no words for its events. */
export const ANY: Schema = {};
export const OBJECT: Schema = { type: 'object' };
export const LIST: Schema = { type: 'array' };
export const INTEGER: Schema = { type: 'integer' };

/** An object that has these, and perhaps more. */
export function open(properties: Readonly<Record<string, Schema>>): Schema {
  return { type: 'object', properties, required: Object.keys(properties) };
}

/** One JSON value. */
export function json(schema: Schema): Operation['answers'] {
  return { [JSON_TYPE]: schema };
}

/** One JSON value, or server-sent events with `stream`. */
export function streamed(schema: Schema): Operation['answers'] {
  return { [JSON_TYPE]: schema, 'text/event-stream': ANY };
}

export function bodyOf(fields: Fields, required: readonly string[] = [], isNeeded = true): Body {
  return { fields, required, isNeeded };
}

/** A body that may be left out. */
export function optionalBody(fields: Fields): Body {
  return bodyOf(fields, [], false);
}

export function bodyOfShape({ fields, required }: Shape): Body {
  return bodyOf(fields, required);
}

export function ref(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

/** Parts that are left out are none. */
export function operation(
  tag: Tag,
  summary: string,
  parts: Partial<Omit<Operation, 'tag' | 'summary'>> = {},
): Operation {
  return { tag, summary, body: null, query: {}, answers: {}, statuses: [], ...parts };
}

/** What a device takes part in. */
export const COMPUTED: readonly Status[] = [500, 503];
