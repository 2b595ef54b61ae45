import type { SamplingDefaults } from '../../core/sampling-params.js';
import { RequestError } from '../../core/errors.js';
import { FieldReader } from '../../http/field-reader.js';
import type { FieldKind } from '../../http/fields.js';
import { isObject, type JsonObject } from '../../http/json.js';
import { COMMON_REQUEST_FIELDS } from '../native/generate-fields.js';
import type { GenerateContext } from '../native/generate-request.js';
import { SAMPLING_FIELDS } from '../native/sampling-fields.js';
import { MAX_PARALLEL_SAMPLES, parseSeed } from '../native/sampling-request.js';
import { adapterOf } from './adapter-name.js';
import { SHARED_SAMPLING } from './fields.js';
import { grammarFields } from './response-format.js';
import { checkUnsupportedFields } from './unsupported-fields.js';

type FieldType = 'number' | 'integer' | 'boolean' | 'raw';

/** Fields of the body that mean the same in `sampling_params`; FastAPI has coerced the scalars among them there. */
const SAMPLING_TYPES: Readonly<Record<string, FieldType>> = Object.fromEntries(
  SHARED_SAMPLING.map((name) => [name, scalarType(SAMPLING_FIELDS[name].kind)]),
);

/** Fields that only have to be of their type. */
const CHECKED_FIELDS: Readonly<Record<string, FieldType>> = {
  max_tokens: 'integer',
  max_completion_tokens: 'integer',
};

/** Fields that mean the same beside `sampling_params`: handed on as they are. */
const REQUEST_TYPES: Readonly<Record<string, FieldType>> = Object.fromEntries(
  Object.keys(COMMON_REQUEST_FIELDS).map((name) => [name, 'raw']),
);

function scalarType(kind: FieldKind): FieldType {
  return kind === 'number' || kind === 'integer' || kind === 'boolean' ? kind : 'raw';
}

export interface CommonContext {
  readonly generate: GenerateContext;
  /** Sampling values of the model's files, or all null with `--sampling-defaults openai`. */
  readonly defaults: SamplingDefaults;
  readonly servedName: string;
  /** `--stream-response-default-include-usage` */
  readonly includeUsageByDefault: boolean;
}

/** What both routes have in common. */
export interface CommonFields {
  /** Any name: it is only sent back. */
  readonly model: string;
  readonly includeUsage: boolean;
  readonly continuousUsage: boolean;
  /** The part of the native body that comes from these fields. */
  readonly native: JsonObject;
  /** `sampling_params` but for the length. */
  readonly sampling: JsonObject;
}

/** @throws RequestError */
export function parseCommonFields(body: JsonObject, context: CommonContext): CommonFields {
  const read = new FieldReader(body, 'INVALID_JSON');
  checkUnsupportedFields(read);
  checkBestOf(read);
  const model = read.string('model') ?? 'default';
  const loraPath = adapterOf(model, context.servedName) ?? read.raw('lora_path');
  const sampling = given(read, SAMPLING_TYPES);
  given(read, CHECKED_FIELDS);
  return {
    model,
    ...usageFields(read, context.includeUsageByDefault),
    native: {
      ...given(read, REQUEST_TYPES),
      stream: read.boolean('stream') ?? false,
      lora_path: loraPath,
    },
    sampling: {
      ...namedDefaults(context.defaults),
      ...context.generate.preferredSamplingParams,
      ...sampling,
      ...grammarFields(body),
      ...renamed('min_new_tokens', read.integer('min_tokens')),
      ...renamed('sampling_seed', seedField(read)),
    },
  };
}

/** The request's own value, else `--preferred-sampling-params`, else the model's, else a neutral one. */
function namedDefaults({
  temperature,
  topP,
  topK,
  minP,
  repetitionPenalty,
}: SamplingDefaults): JsonObject {
  return {
    temperature,
    top_p: topP,
    top_k: topK === 0 ? -1 : topK,
    min_p: minP,
    repetition_penalty: repetitionPenalty,
  };
}

/** Checked here, and handed on as it was sent: all of its digits count. @throws RequestError */
function seedField(read: FieldReader): unknown {
  const seed = parseSeed(read, 'seed');
  return typeof seed === 'bigint' ? String(seed) : seed;
}

function renamed(name: string, value: unknown): JsonObject {
  return value === null ? {} : { [name]: value };
}

/** Those of the fields that are not null, each read as its type. @throws RequestError */
function given(read: FieldReader, fields: Readonly<Record<string, FieldType>>): JsonObject {
  const values = Object.entries(fields).map(([name, type]) => [name, read[type](name)] as const);
  return Object.fromEntries(values.filter(([, value]) => value !== null));
}

function usageFields(
  read: FieldReader,
  byDefault: boolean,
): { includeUsage: boolean; continuousUsage: boolean } {
  const options = read.raw('stream_options') ?? {};
  if (!isObject(options)) {
    throw new RequestError('INVALID_JSON', 'stream_options must be an object.');
  }
  const flags = new FieldReader(options, 'INVALID_JSON');
  return {
    includeUsage: flags.boolean('include_usage') ?? byDefault,
    continuousUsage: flags.boolean('continuous_usage_stats') ?? false,
  };
}

/** Without effect, as in SGLang; but nobody may ask for a million. */
function checkBestOf(read: FieldReader): void {
  const bestOf = read.integer('best_of');
  if (bestOf !== null && (bestOf < 1 || bestOf > MAX_PARALLEL_SAMPLES)) {
    const message = `best_of must be in [1, ${MAX_PARALLEL_SAMPLES}], got ${bestOf}.`;
    throw new RequestError('INVALID_REQUEST', message);
  }
}
