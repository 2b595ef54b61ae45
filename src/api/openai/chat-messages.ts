import { RequestError, refuse } from '../../core/errors.js';
import type { ContentFormat } from '../../text/content-format.js';
import { TemplateError } from '../../text/jinja/errors.js';
import { JsonTextError, parseJsonValue } from '../../text/jinja/json-value.js';
import { Dict, isList, type Value } from '../../text/jinja/values.js';

/** Known in any case, other than `user`. */
const ROLES = ['system', 'assistant', 'tool', 'function', 'developer', 'latest_reminder'];
const MEDIA = new Set(['image_url', 'video_url', 'audio_url', 'input_audio', 'image', 'video']);
const THOUGHTS = new Set(['thinking', 'reasoning']);

/** What a message of another role than `user` may carry beside role and content. */
const EXTRAS = ['tool_call_id', 'name', 'reasoning_content'] as const;

/** `messages` as SGLang hands them to templates. @throws RequestError */
export function parseMessages(value: Value, format: ContentFormat): Dict[] {
  if (!isList(value)) return wrongType('messages must be a list of messages.');
  if (value.length === 0) refuse('Messages cannot be empty.');
  return value.map((one) => {
    if (!(one instanceof Dict)) return wrongType('Each message must be an object.');
    return message(one, format);
  });
}

function message(one: Dict, format: ContentFormat): Dict {
  const role = roleOf(one.get('role') ?? null);
  const content = contentOf(one.get('content') ?? null, role, format);
  const made = Dict.of([['role', role]]);
  if (typeof content === 'string') made.set('content', content);
  if (role !== 'user') {
    for (const name of EXTRAS) {
      const text = optionalText(one, name);
      if (text !== null) made.set(name, text);
    }
    const calls = toolCalls(one.get('tool_calls') ?? null, role);
    if (calls !== null) made.set('tool_calls', calls);
  }
  if (typeof content !== 'string') made.set('content', content);
  return made;
}

function roleOf(value: Value): string {
  if (typeof value !== 'string') return wrongType("'role' must be a string");
  if (value === 'user') return value;
  const role = value.toLowerCase();
  if (ROLES.includes(role)) return role;
  const list = ROLES.map((name) => `'${name}'`).join(', ');
  return wrongType(`'role' must be one of ${list} (case-insensitive).`);
}

function optionalText(from: Dict, name: string): string | null {
  const value = from.get(name) ?? null;
  return value === null || typeof value === 'string'
    ? value
    : wrongType(`${name} must be a string.`);
}

/** Text as it is; parts stay parts only for templates that walk them, and not for a tool's answer. */
function contentOf(value: Value, role: string, format: ContentFormat): string | readonly Dict[] {
  if (typeof value === 'string') return value;
  if (value === null && role !== 'user') return '';
  if (!isList(value)) {
    return wrongType('content must be a string, a list of parts or null (but not for a user).');
  }
  const parts = value.map((part) => contentPart(part, role)).filter((part) => part !== null);
  return format === 'openai' && role !== 'tool' ? parts : partsText(parts);
}

/** SGLang joins the texts of parts with a space. */
function partsText(parts: readonly Dict[]): string {
  return parts.map((part) => optionalText(part, 'text') ?? '').join(' ');
}

/** A text part; null = a thought, which SGLang keeps from templates. */
function contentPart(part: Value, role: string): Dict | null {
  const type = part instanceof Dict ? part.get('type') : null;
  if (!(part instanceof Dict) || typeof type !== 'string') {
    return wrongType('Each content part must be an object with a type.');
  }
  if (MEDIA.has(type)) refuse(`${type} was given, but this model takes only text.`);
  if (THOUGHTS.has(type) && role === 'assistant') return null;
  if (type !== 'text') refuse(`Content parts of type '${type.slice(0, 50)}' are not supported.`);
  const text = part.get('text');
  if (typeof text !== 'string') return wrongType('A text part must have a string as its text.');
  return Dict.of([
    ['type', type],
    ['text', text],
  ]);
}

/** Earlier calls with all their fields, those that were not given as None. */
function toolCalls(value: Value, role: string): readonly Dict[] | null {
  if (value === null) return null;
  if (!isList(value)) return wrongType('tool_calls must be a list.');
  return value.map((call) => {
    const fn = call instanceof Dict ? (call.get('function') ?? null) : null;
    if (!(call instanceof Dict) || !(fn instanceof Dict)) {
      return wrongType('Each tool call must have a function with a name.');
    }
    const name = optionalText(fn, 'name');
    if (name === null) return wrongType('Each tool call must have a function with a name.');
    const given = argumentsOf(fn.get('arguments') ?? null, role);
    return Dict.of([
      ['id', optionalText(call, 'id')],
      ['index', call.get('index') ?? null],
      ['type', 'function'],
      [
        'function',
        Dict.of([
          ['name', name],
          ['arguments', given],
        ]),
      ],
    ]);
  });
}

/** Templates want the arguments of an assistant's calls as objects, clients send them as JSON text. */
function argumentsOf(value: Value, role: string): Value {
  if (value === null || value instanceof Dict) return value;
  if (typeof value !== 'string') return wrongType('arguments must be a string or an object.');
  if (role !== 'assistant') return value;
  const parsed = parsedArguments(value);
  if (parsed instanceof Dict) return parsed;
  return refuse('Assistant tool call function.arguments must be a JSON object.');
}

function parsedArguments(text: string): Value {
  try {
    return parseJsonValue(text);
  } catch (error) {
    if (!(error instanceof JsonTextError) && !(error instanceof TemplateError)) throw error;
    return refuse('Assistant tool call function.arguments must be valid JSON.');
  }
}

function wrongType(text: string): never {
  throw new RequestError('INVALID_JSON', text);
}
