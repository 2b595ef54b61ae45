import { FieldReader, preview } from '../../http/field-reader.js';
import { fieldOf, isObject, type JsonObject } from '../../http/json.js';
import type { Dict, Value } from '../../text/jinja/values.js';
import { losslessBody } from '../openai/lossless.js';
import { refuseForm, refuseParam } from './errors.js';
import { newId } from './ids.js';
import type { Item } from './item.js';
import { parseItems, type FindItem } from './parse-items.js';
import { parseMetadata, type Metadata } from './metadata.js';
import type { FunctionPlace } from './namespaces.js';
import { parseTextField, type TextField } from './text-field.js';
import { parseToolFields, type ToolsField } from './tools.js';

export interface RequestSettings {
  readonly servedName: string;
  /** Of the model's files; null = they say nothing. */
  readonly defaults: { readonly temperature: number | null; readonly topP: number | null };
}

/** What the response shows again of its request. */
export interface Shown {
  readonly instructions: string | null;
  readonly max_output_tokens: number | null;
  readonly max_tool_calls: number | null;
  readonly model: string;
  readonly parallel_tool_calls: boolean;
  readonly previous_response_id: string | null;
  readonly prompt_cache_key: string | null;
  readonly prompt_cache_retention: string | null;
  readonly reasoning: { readonly effort: string | null; readonly summary: string | null };
  readonly safety_identifier: string | null;
  readonly store: boolean;
  readonly background: boolean;
  readonly temperature: number;
  readonly top_p: number;
  readonly presence_penalty: number;
  readonly frequency_penalty: number;
  readonly text: TextField['shown'];
  readonly tool_choice: unknown;
  readonly tools: ToolsField['shown'];
  readonly top_logprobs: number;
  readonly truncation: 'auto' | 'disabled';
  readonly user: string | null;
  readonly metadata: Metadata;
}

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

/** As SGLang has it on this route, where the model's files say nothing. */
const TEMPERATURE = 0.7;
const MAX_TOP_LOGPROBS = 20;
const MAX_ID_CHARS = 128;
const TRUNCATIONS = ['auto', 'disabled'] as const;
const SUMMARIES = ['auto', 'concise', 'detailed'];
const INCLUDABLE = new Set([
  'code_interpreter_call.outputs',
  'computer_call_output.output.image_url',
  'file_search_call.results',
  'message.input_image.image_url',
  'message.output_text.logprobs',
  'reasoning.encrypted_content',
  'web_search_call.action.sources',
  'web_search_call.results',
]);
/** What would change the answer in ways that are not here. */
const NOT_HERE = ['prompt', 'moderation', 'context_management'] as const;
/** SGLang's own fields, which mean the same in a chat body. */
const CHAT_FIELDS = [
  'temperature',
  'top_p',
  'top_k',
  'min_p',
  'repetition_penalty',
  'frequency_penalty',
  'presence_penalty',
  'stop',
  'stop_token_ids',
  'stop_regex',
  'seed',
  'parallel_tool_calls',
  'chat_template_kwargs',
  'max_thinking_tokens',
  'session_id',
  'session_params',
  'priority',
  'extra_key',
  'cache_salt',
  'routed_dp_rank',
  'data_parallel_rank',
  'custom_logit_processor',
  'custom_params',
] as const;

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
  const reasoning = parseReasoning(read.raw('reasoning'));
  const include = parseInclude(read.raw('include'));
  const includesLogprobs = include.has('message.output_text.logprobs');
  const shown = shownFields(read, { settings, tools, text, reasoning });
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
      model: adapterOf(shown.model, settings.servedName),
      temperature: lossless.get('temperature') ?? shown.temperature,
      stream: read.boolean('stream') ?? false,
      max_completion_tokens: shown.max_output_tokens,
      tools: tools.chatTools,
      tool_choice: tools.chatChoice,
      response_format: text.responseFormat,
      reasoning_effort: reasoning.effort,
      logprobs: includesLogprobs,
      top_logprobs: includesLogprobs ? shown.top_logprobs : null,
    },
  };
}

function chatFields(lossless: Dict): Record<string, Value> {
  return Object.fromEntries(CHAT_FIELDS.map((name) => [name, lossless.get(name) ?? null]));
}

interface Parsed {
  readonly settings: RequestSettings;
  readonly tools: ToolsField;
  readonly text: TextField;
  readonly reasoning: Shown['reasoning'];
}

function shownFields(read: FieldReader, { settings, tools, text, reasoning }: Parsed): Shown {
  const { defaults } = settings;
  return {
    instructions: read.string('instructions'),
    max_output_tokens: positive(read, 'max_output_tokens'),
    max_tool_calls: positive(read, 'max_tool_calls'),
    model: read.string('model') ?? settings.servedName,
    parallel_tool_calls: read.boolean('parallel_tool_calls') ?? true,
    previous_response_id: read.string('previous_response_id'),
    prompt_cache_key: read.string('prompt_cache_key'),
    prompt_cache_retention: read.string('prompt_cache_retention'),
    reasoning,
    safety_identifier: read.string('safety_identifier'),
    store: read.boolean('store') ?? true,
    background: read.boolean('background') ?? false,
    temperature: read.number('temperature') ?? defaults.temperature ?? TEMPERATURE,
    top_p: read.number('top_p') ?? defaults.topP ?? 1,
    presence_penalty: read.number('presence_penalty') ?? 0,
    frequency_penalty: read.number('frequency_penalty') ?? 0,
    text: text.shown,
    tool_choice: tools.shownChoice,
    tools: tools.shown,
    top_logprobs: parseTopLogprobs(read),
    truncation: oneOf(read, 'truncation', TRUNCATIONS) ?? 'disabled',
    user: read.string('user'),
    metadata: parseMetadata(read.raw('metadata')),
  };
}

/** A chat body's `model` where an adapter is asked for; of any other name a colon is a part. */
function adapterOf(model: string, servedName: string): string | null {
  return model.startsWith(`${servedName}:`) ? model : null;
}

function parseReasoning(value: unknown): Shown['reasoning'] {
  if (value === null) return { effort: null, summary: null };
  if (!isObject(value)) {
    return refuseForm('reasoning', `reasoning must be an object, got ${preview(value)}.`);
  }
  const read = new FieldReader(value, 'INVALID_JSON');
  const summary = read.string('summary') ?? read.string('generate_summary');
  if (summary !== null && !SUMMARIES.includes(summary)) {
    refuseForm('reasoning.summary', `reasoning.summary must be one of ${SUMMARIES.join(', ')}.`);
  }
  return { effort: read.string('effort') ?? 'medium', summary };
}

function parseInclude(value: unknown): ReadonlySet<string> {
  if (value === null) return new Set();
  if (!Array.isArray(value)) {
    return refuseForm('include', `include must be a list, got ${preview(value)}.`);
  }
  const unknown: unknown = value.find((one) => typeof one !== 'string' || !INCLUDABLE.has(one));
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

function parseTopLogprobs(read: FieldReader): number {
  const count = read.integer('top_logprobs') ?? 0;
  if (count >= 0 && count <= MAX_TOP_LOGPROBS) return count;
  return refuseParam(
    'top_logprobs',
    `top_logprobs must be in [0, ${MAX_TOP_LOGPROBS}], got ${count}.`,
  );
}

function parseId(read: FieldReader): string {
  const id = read.string('request_id');
  if (id === null) return newId('resp');
  if (id.length > 0 && id.length <= MAX_ID_CHARS) return id;
  return refuseParam('request_id', `request_id must have 1 to ${MAX_ID_CHARS} characters.`);
}

function positive(read: FieldReader, name: string): number | null {
  const value = read.integer(name);
  if (value === null || value >= 1) return value;
  return refuseParam(name, `${name} must be at least 1, got ${value}.`);
}

function oneOf<T extends string>(read: FieldReader, name: string, values: readonly T[]): T | null {
  const given = read.string(name);
  const value = values.find((one) => one === given);
  if (given === null || value !== undefined) return value ?? null;
  return refuseForm(name, `${name} must be one of ${values.join(', ')}, got ${preview(given)}.`);
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
