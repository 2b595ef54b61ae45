import { FieldReader, preview } from '../../http/field-reader.js';
import { fieldOf, isObject, type JsonObject } from '../../http/json.js';
import type { Dict, Value } from '../../text/jinja/values.js';
import { dictField } from '../dict-field.js';
import { chatModelOf } from '../openai/adapter-name.js';
import { losslessBody } from '../openai/lossless.js';
import { refuseForm, refuseParam } from './errors.js';
import { INCLUDABLE, MAX_ID_CHARS, NOT_HERE, SHARED_WITH_CHAT } from './fields.js';
import { newId } from './ids.js';
import type { Item } from './item.js';
import type { FunctionPlace } from './namespaces.js';
import { parseItems, type FindItem } from './parse-items.js';
import { shownFields, type RequestSettings, type Shown } from './shown.js';
import { parseTextField, type TextField } from './text-field.js';
import { parseToolFields } from './tools.js';

/** A `/v1/responses` body, understood as far as one can without what it continues. */
export interface ResponsesRequest {
  readonly id: string;
  /** Unix seconds. */
  readonly createdAt: number;
  readonly stream: boolean;
  readonly conversation: string | null;
  readonly shown: Shown;
  readonly input: readonly Item[];
  /** The functions of namespaces, by the names that the model writes. */
  readonly places: ReadonlyMap<string, FunctionPlace>;
  /** `message.output_text.logprobs` */
  readonly includesLogprobs: boolean;
  /** `reasoning.encrypted_content` */
  readonly includesSealed: boolean;
  /** Fields of the chat body, all but its messages. */
  readonly chat: Readonly<Record<string, Value>>;
}

/** @throws ParamError, RequestError */
export function parseRequest(
  body: JsonObject,
  settings: RequestSettings,
  find: FindItem,
): ResponsesRequest {
  const read = new FieldReader(body, 'INVALID_JSON');
  for (const name of NOT_HERE) refuseIfGiven(name, read.raw(name));
  const lossless = losslessBody(body);
  const tools = parseToolFields(body, lossless);
  const text = parseTextField(body, lossless);
  const include = parseInclude(read.raw('include'));
  const includesLogprobs = include.has('message.output_text.logprobs');
  const shown = shownFields(read, { settings, tools, text });
  checkTogether(shown, text, read);
  const id = parseId(read);
  return {
    id,
    createdAt: Math.floor(Date.now() / 1000),
    stream: read.boolean('stream') ?? false,
    conversation: parseConversation(read.raw('conversation'), shown.previous_response_id),
    shown,
    input: parseItems(read.raw('input') ?? [], 'input', find),
    places: tools.places,
    includesLogprobs,
    includesSealed: include.has('reasoning.encrypted_content'),
    chat: {
      ...chatFields(lossless),
      rid: id,
      model: chatModelOf(shown.model, settings.servedName),
      temperature: dictField(lossless, 'temperature') ?? shown.temperature,
      stream: read.boolean('stream') ?? false,
      max_completion_tokens: shown.max_output_tokens,
      tools: tools.chatTools,
      tool_choice: tools.chatChoice,
      response_format: text.responseFormat,
      reasoning_effort: shown.reasoning.effort,
      logprobs: includesLogprobs,
      top_logprobs: includesLogprobs ? shown.top_logprobs : null,
      return_cache_info: read.boolean('return_cache_info'),
    },
  };
}

function chatFields(lossless: Dict): Record<string, Value> {
  return Object.fromEntries(SHARED_WITH_CHAT.map((name) => [name, dictField(lossless, name)]));
}

function parseInclude(value: unknown): ReadonlySet<string> {
  if (value === null) return new Set();
  if (!Array.isArray(value)) {
    return refuseForm('include', `include must be a list, got ${preview(value)}.`);
  }
  const unknown: unknown = value.find((one) => !INCLUDABLE.some((known) => known === one));
  if (unknown !== undefined) refuseForm('include', `include knows no ${preview(unknown)}.`);
  return new Set(value as string[]);
}

function parseConversation(value: unknown, previousId: string | null): string | null {
  if (value === null) return null;
  const id = isObject(value) ? fieldOf(value, 'id') : value;
  if (typeof id !== 'string') {
    return refuseForm('conversation', 'conversation must be an id, or an object with an id.');
  }
  if (previousId !== null) {
    refuseParam(
      'previous_response_id',
      'previous_response_id and conversation cannot be used together.',
    );
  }
  return id;
}

function parseId(read: FieldReader): string {
  const id = read.string('request_id');
  if (id === null) return newId('resp');
  if (id.length > 0 && id.length <= MAX_ID_CHARS) return id;
  return refuseParam('request_id', `request_id must have 1 to ${MAX_ID_CHARS} characters.`);
}

function refuseIfGiven(name: string, value: unknown): void {
  if (value === null || (Array.isArray(value) && value.length === 0)) return;
  refuseParam(name, `${name} is not supported by this version of the server yet.`);
}

function checkTogether(shown: Shown, { responseFormat }: TextField, read: FieldReader): void {
  if (shown.background && !shown.store) {
    refuseParam('store', 'background=true requires store=true.');
  }
  const { tool_choice: choice } = shown;
  const mustCall = choice === 'required' || (isObject(choice) && choice['type'] === 'function');
  if (mustCall && responseFormat !== null) {
    refuseParam(
      'text',
      'Cannot combine tool calls with constrained decoding ' +
        '(text.format / regex / ebnf / structural_tag / json_schema). Remove one.',
    );
  }
  if (read.raw('input') === null && shown.previous_response_id === null) {
    if (read.raw('conversation') === null) refuseForm('input', 'input is required.');
  }
}
