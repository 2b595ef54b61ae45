import { FieldReader, preview } from '../../http/field-reader.js';
import { isObject } from '../../http/json.js';
import { refuseForm, refuseParam } from './errors.js';
import { MAX_TOP_LOGPROBS, SUMMARIES, TRUNCATIONS } from './fields.js';
import { parseMetadata, type Metadata } from './metadata.js';
import type { TextField } from './text-field.js';
import type { ToolsField } from './tools.js';

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

export interface RequestSettings {
  readonly servedName: string;
  /** Of the model's files; null = they say nothing. */
  readonly defaults: { readonly temperature: number | null; readonly topP: number | null };
}

/** As SGLang has it on this route, where the model's files say nothing. */
const TEMPERATURE = 0.7;

interface Parsed {
  readonly settings: RequestSettings;
  readonly tools: ToolsField;
  readonly text: TextField;
}

/** @throws ParamError, RequestError */
export function shownFields(read: FieldReader, { settings, tools, text }: Parsed): Shown {
  const { defaults } = settings;
  const reasoning = parseReasoning(read.raw('reasoning'));
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

function parseTopLogprobs(read: FieldReader): number {
  const count = read.integer('top_logprobs') ?? 0;
  if (count >= 0 && count <= MAX_TOP_LOGPROBS) return count;
  return refuseParam(
    'top_logprobs',
    `top_logprobs must be in [0, ${MAX_TOP_LOGPROBS}], got ${count}.`,
  );
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
