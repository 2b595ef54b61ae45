import type { SamplingDefaults } from '../../core/sampling-params.js';
import { RequestError } from '../../core/errors.js';
import { FieldReader } from '../../http/field-reader.js';
import { isObject, type JsonObject } from '../../http/json.js';
import type { GenerateContext } from '../native/generate-request.js';
import { MAX_PARALLEL_SAMPLES } from '../native/sampling-request.js';
import { checkUnsupportedFields } from './unsupported-fields.js';

/** Fields of the body that mean the same in `sampling_params`. */
const SAMPLING_FIELDS = [
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
  'no_stop_trim',
  'ignore_eos',
  'skip_special_tokens',
  'logit_bias',
  'n',
  'custom_params',
] as const;

const NUMBERS = SAMPLING_FIELDS.filter((name) => /_p$|penalty|temperature/.test(name));
const INTEGERS = ['top_k', 'n', 'max_tokens', 'max_completion_tokens'] as const;

/** Fields that mean the same beside `sampling_params`. */
const REQUEST_FIELDS = [
  'rid',
  'extra_key',
  'cache_salt',
  'priority',
  'routed_dp_rank',
  'data_parallel_rank',
  'session_id',
  'session_params',
  'return_hidden_states',
  'custom_logit_processor',
  'return_routed_experts',
] as const;

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
  const loraPath = read.raw('lora_path') ?? adapterOf(model, context.servedName);
  for (const name of NUMBERS) read.number(name);
  for (const name of INTEGERS) read.integer(name);
  for (const name of ['separate_reasoning', 'stream_reasoning', 'parallel_tool_calls']) {
    read.boolean(name);
  }
  return {
    model,
    ...usageFields(read, context.includeUsageByDefault),
    native: {
      ...picked(read, REQUEST_FIELDS),
      stream: read.boolean('stream') ?? false,
      lora_path: loraPath,
    },
    sampling: {
      ...namedDefaults(context.defaults),
      ...context.generate.preferredSamplingParams,
      ...picked(read, SAMPLING_FIELDS),
      ...renamed('min_new_tokens', read.integer('min_tokens')),
      ...renamed('sampling_seed', read.integer('seed')),
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

function renamed(name: string, value: number | null): JsonObject {
  return value === null ? {} : { [name]: value };
}

function picked(read: FieldReader, names: readonly string[]): JsonObject {
  const given = names.map((name) => [name, read.raw(name)] as const);
  return Object.fromEntries(given.filter(([, value]) => value !== null));
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

/** `base:adapter` asks for a LoRA adapter, unless the model's own name has a colon. */
function adapterOf(model: string, servedName: string): string | null {
  if (model === servedName) return null;
  const adapter = model.split(':').slice(1).join(':').trim();
  return adapter === '' ? null : adapter;
}

/** Without effect, as in SGLang; but nobody may ask for a million. */
function checkBestOf(read: FieldReader): void {
  const bestOf = read.integer('best_of');
  if (bestOf !== null && (bestOf < 1 || bestOf > MAX_PARALLEL_SAMPLES)) {
    const message = `best_of must be in [1, ${MAX_PARALLEL_SAMPLES}], got ${bestOf}.`;
    throw new RequestError('INVALID_REQUEST', message);
  }
}
