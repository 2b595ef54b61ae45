import { RequestError, refuse } from '../../core/errors.js';
import type { TemplateMessage } from '../../text/chat-template.js';
import type { ContentFormat } from '../../text/content-format.js';
import { FieldReader } from '../../http/field-reader.js';
import { fieldOf, isObject, type JsonObject } from '../../http/json.js';

/** Known in any case, other than `user`. */
const ROLES = ['system', 'assistant', 'tool', 'function', 'developer', 'latest_reminder'];
const MEDIA = new Set(['image_url', 'video_url', 'audio_url', 'input_audio', 'image', 'video']);
const THOUGHTS = new Set(['thinking', 'reasoning']);

/** What a message may carry beside role and content. */
const EXTRAS = ['name', 'tool_call_id', 'reasoning_content'] as const;

/** `messages` as templates read them. @throws RequestError */
export function parseMessages(value: unknown, format: ContentFormat): TemplateMessage[] {
  if (!Array.isArray(value)) return wrongType('messages must be a list of messages.');
  if (value.length === 0) refuse('Messages cannot be empty.');
  return value.map((one: unknown) => {
    if (!isObject(one)) return wrongType('Each message must be an object.');
    return message(one, format);
  });
}

function message(one: JsonObject, format: ContentFormat): TemplateMessage {
  const role = roleOf(fieldOf(one, 'role'));
  const read = new FieldReader(one, 'INVALID_JSON');
  const extras = EXTRAS.map((name) => [name, read.string(name)] as const);
  const calls = role === 'assistant' ? toolCalls(read.raw('tool_calls')) : null;
  return {
    role,
    content: contentOf(read.raw('content'), role, format),
    ...Object.fromEntries(extras.filter(([, text]) => text !== null)),
    ...(calls === null ? {} : { tool_calls: calls }),
  };
}

function roleOf(value: unknown): string {
  if (typeof value !== 'string') return wrongType("'role' must be a string");
  if (value === 'user') return value;
  const role = value.toLowerCase();
  if (ROLES.includes(role)) return role;
  const list = ROLES.map((name) => `'${name}'`).join(', ');
  return wrongType(`'role' must be one of ${list} (case-insensitive).`);
}

/** Text as it is; parts stay parts only for templates that walk them. */
function contentOf(
  value: unknown,
  role: string,
  format: ContentFormat,
): string | readonly JsonObject[] {
  if (typeof value === 'string') return value;
  if (value === null && role !== 'user') return '';
  if (!Array.isArray(value)) {
    return wrongType('content must be a string, a list of parts or null (but not for a user).');
  }
  const parts = value.map((part: unknown) => contentPart(part, role));
  if (format === 'openai') return parts;
  return partsText(parts);
}

/** SGLang joins the texts of parts with a space. */
export function partsText(parts: readonly JsonObject[]): string {
  const texts = parts.filter((part) => part['type'] === 'text');
  return texts.map((part) => String(part['text'])).join(' ');
}

function contentPart(part: unknown, role: string): JsonObject {
  const type = isObject(part) ? fieldOf(part, 'type') : null;
  if (!isObject(part) || typeof type !== 'string') {
    return wrongType('Each content part must be an object with a type.');
  }
  if (MEDIA.has(type)) refuse(`${type} was given, but this model takes only text.`);
  if (THOUGHTS.has(type) && role === 'assistant') return part;
  if (type !== 'text') refuse(`Content parts of type '${type.slice(0, 50)}' are not supported.`);
  const text = fieldOf(part, 'text');
  if (typeof text !== 'string') return wrongType('A text part must have a string as its text.');
  return { type, text };
}

/** Templates want the arguments of earlier calls as objects, clients send them as JSON text. */
function toolCalls(value: unknown): readonly JsonObject[] | null {
  if (value === null) return null;
  if (!Array.isArray(value)) return wrongType('tool_calls must be a list.');
  if (value.length === 0) return null;
  return value.map((call: unknown) => {
    const fn = isObject(call) ? fieldOf(call, 'function') : null;
    if (!isObject(call) || !isObject(fn) || typeof fieldOf(fn, 'name') !== 'string') {
      return wrongType('Each tool call must have a function with a name.');
    }
    return { ...call, function: { ...fn, arguments: argumentsOf(fieldOf(fn, 'arguments')) } };
  });
}

function argumentsOf(value: unknown): unknown {
  if (typeof value !== 'string') return value ?? {};
  try {
    return value === '' ? {} : (JSON.parse(value) as unknown);
  } catch {
    return refuse('Assistant tool call function.arguments must be valid JSON.');
  }
}

function wrongType(text: string): never {
  throw new RequestError('INVALID_JSON', text);
}
