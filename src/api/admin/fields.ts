import { field, type Fields } from '../../http/fields.js';
import { ACTOR_NAMES, FAULT_KINDS } from '../../engine/control.js';
import { LOG_LEVELS } from '../../observability/logger.js';
import { REQUEST_LOG_FORMATS } from '../../observability/request-log.js';

export const ABORT_FIELDS = {
  rid: field.string('Every request whose name begins so.'),
  abort_all: field.boolean('All requests.', { default: false }),
  abort_message: field.string('What their answers say.'),
} as const satisfies Fields;

export const PAUSE_FIELDS = {
  mode: field.string('What becomes of the requests that run.', {
    enum: ['abort', 'retract', 'in_place'],
    default: 'abort',
  }),
} as const satisfies Fields;

export const INTERNAL_STATE_FIELDS = {
  server_args: field.raw('Numbers of the scheduler, by name.', {
    type: 'object',
    additionalProperties: { type: 'number' },
  }),
} as const satisfies Fields;

export const LOGGING_FIELDS = {
  log_requests: field.boolean('Whether requests are logged.'),
  log_requests_level: field.integer('How much of them.', { minimum: 0, maximum: 3 }),
  log_requests_format: field.string('How a line looks.', { enum: REQUEST_LOG_FORMATS }),
  log_level: field.string('What is logged at all.', { enum: LOG_LEVELS }),
  dump_requests_folder: field.string('Refused.'),
  crash_dump_folder: field.string('Refused.'),
} as const satisfies Fields;

export const PROFILE_FIELDS = {
  activities: field.strings('CPU makes a profile of the main thread too.'),
  profile_id: field.string('Part of the file names.'),
  profile_prefix: field.string('Part of the file names.'),
  output_dir: field.string('A folder below the one that profiles go to.'),
  start_step: field.integer('Steps that are left out first.', { minimum: 0 }),
  num_steps: field.integer('Steps after which it ends by itself.', { minimum: 1 }),
} as const satisfies Fields;

export const MEMORY_FIELDS = {
  tags: field.strings('Which memory: weights, kv_cache; all where none is named.'),
} as const satisfies Fields;

export const LOAD_ADAPTER_FIELDS = {
  lora_name: field.string('What requests call it.'),
  lora_path: field.string('A folder that peft saved.'),
  pinned: field.boolean('It never goes to make room for another.', { default: false }),
} as const satisfies Fields;

export const SENT_ADAPTER_FIELDS = {
  lora_name: LOAD_ADAPTER_FIELDS.lora_name,
  config_dict: field.raw('What adapter_config.json says.', { type: 'object' }),
  serialized_named_tensors: field.raw('Base64 of one safetensors file.', {
    type: 'array',
    items: { type: 'string' },
    minItems: 1,
    maxItems: 1,
  }),
  serialized_tensors: field.string('The same, as SGLang called it before.'),
  pinned: LOAD_ADAPTER_FIELDS.pinned,
  load_format: field.string('How it is stored.', { enum: ['auto', 'safetensors'] }),
  added_tokens_config: field.refused('Refused: the vocabulary is that of the model.'),
} as const satisfies Fields;

export const UNLOAD_ADAPTER_FIELDS = {
  lora_name: field.string('An adapter that is loaded.'),
} as const satisfies Fields;

const UPDATE_FIELDS = {
  load_format: field.string('How the weights are stored.'),
  abort_all_requests: field.boolean('Requests that run end first.', { default: false }),
  weight_version: field.string('The tag of the new weights.'),
} as const satisfies Fields;

export const DISK_FIELDS = {
  model_path: field.string('A folder or a repository of the hub.'),
  ...UPDATE_FIELDS,
} as const satisfies Fields;

export const TENSOR_FIELDS = {
  serialized_named_tensors: field.raw('Base64 of safetensors files.', {
    type: 'array',
    items: { type: 'string' },
  }),
  flush_cache: field.boolean('Without effect: the cache of other weights is never used.'),
  ...UPDATE_FIELDS,
} as const satisfies Fields;

export const VERSION_FIELDS = {
  new_version: field.string('The tag.'),
  abort_all_requests: field.boolean('Requests that run end first.', { default: true }),
} as const satisfies Fields;

export const WEIGHT_FIELDS = {
  name: field.string("A tensor's name; also as a query."),
  truncate_size: field.integer('Rows at most.', { default: 100 }),
} as const satisfies Fields;

export const FAIL_DEVICE_FIELDS = {
  rank: field.integer('Which device.', { minimum: 0, default: 0 }),
  how: field.string('How it fails.', { enum: FAULT_KINDS, default: 'exit' }),
} as const satisfies Fields;

export const HANG_ACTOR_FIELDS = {
  actor: field.string('Which thread.', { enum: ACTOR_NAMES }),
} as const satisfies Fields;
