import { field, type Fields, type Schema } from '../../http/fields.js';
import { MEDIA, NOT_CONFIGURED, UNKNOWN_WISHES } from './unsupported-fields.js';

const IDS: Schema = { type: 'array', items: { type: 'integer' } };
const TEXTS: Schema = { type: 'array', items: { type: 'string' } };

/** One value for all prompts, or a list with one a prompt. */
function perPrompt(type: string): Schema {
  return { anyOf: [{ type }, { type: 'array', items: { type: [type, 'null'] } }] };
}

/** Prompts of `/generate`. */
export const PROMPT_FIELDS = {
  text: field.raw('A prompt, or a list of prompts.', { anyOf: [{ type: 'string' }, TEXTS] }),
  input_ids: field.raw('Token ids of a prompt, or a list of such lists; they win over `text`.', {
    anyOf: [IDS, { type: 'array', items: IDS }],
  }),
  input_embeds: field.refused(),
} as const satisfies Fields;

/** Of every route that generates, whatever its dialect. */
export const CACHE_INFO_FIELD = {
  return_cache_info: field.boolean('The answer says why its prompt was not cached.', {
    default: false,
  }),
} as const satisfies Fields;

/** One value of `return_hidden_states`. */
export const HIDDEN_MODE: Schema = { enum: [true, false, 'last'], default: false };

/** With a list of them for `/generate`. */
const HIDDEN_STATES = field.raw(
  'Final hidden states of all rows, or of the last; with --enable-return-hidden-states.',
  { anyOf: [HIDDEN_MODE, { type: 'array', items: HIDDEN_MODE }] },
);

/** Of the routes that generate. */
export const LORA_FIELD = {
  lora_path: field.raw('The LoRA adapter, by its name; with --enable-lora.', perPrompt('string')),
} as const satisfies Fields;

/** What names, places and watches a request, whatever it asks for. */
export const COMMON_REQUEST_FIELDS = {
  rid: field.raw('A name of the request, to abort it by; a list names each prompt.', {
    anyOf: [{ type: 'string' }, TEXTS],
  }),
  extra_key: field.raw('Prefixes are shared within the same key only.', perPrompt('string')),
  cache_salt: field.raw('Like `extra_key`, on its own.', perPrompt('string')),
  priority: field.integer('With --enable-priority-scheduling.'),
  routed_dp_rank: field.integer('The device that must take it.', { minimum: 0 }),
  data_parallel_rank: field.integer('The older name of `routed_dp_rank`.', { minimum: 0 }),
  session_id: field.raw('Only with `session_params` left out.'),
  session_params: field.raw('The session that the prompt continues.', {
    type: 'object',
    properties: {
      id: { type: ['string', 'null'] },
      rid: { type: ['string', 'null'] },
      offset: { type: ['integer', 'null'], minimum: 0 },
      replace: { type: ['boolean', 'null'] },
      drop_previous_output: { type: ['boolean', 'null'] },
    },
  }),
  return_hidden_states: HIDDEN_STATES,
  custom_logit_processor: field.refused(),
  return_routed_experts: field.refused(),
  ...CACHE_INFO_FIELD,
  max_thinking_tokens: field.integer('Tokens of a thought at most; negative = no limit.'),
} as const satisfies Fields;

/** Fields of SGLang's that are refused by name on the native routes. */
export const REFUSED_FIELDS = {
  ...Object.fromEntries(
    [...MEDIA, ...UNKNOWN_WISHES, ...Object.keys(NOT_CONFIGURED)].map((name) => [
      name,
      field.refused(),
    ]),
  ),
  session_id: COMMON_REQUEST_FIELDS.session_id,
  session_params: COMMON_REQUEST_FIELDS.session_params,
} satisfies Fields;

export const UNOBSERVED_FIELDS = {
  log_metrics: field.boolean('False: it counts in no metric.', { default: true }),
  no_logs: field.boolean('It leaves no trace in the log.', { default: false }),
} as const satisfies Fields;

/** A body of `/generate`. */
export const GENERATE_FIELDS: Fields = {
  ...PROMPT_FIELDS,
  sampling_params: field.raw('How tokens are drawn; a list has one object a prompt.', {
    anyOf: [
      { $ref: '#/components/schemas/SamplingParams' },
      {
        type: 'array',
        items: { anyOf: [{ $ref: '#/components/schemas/SamplingParams' }, { type: 'null' }] },
      },
    ],
  }),
  stream: field.boolean('The answer comes as server-sent events.', { default: false }),
  return_logprob: field.raw('Log-probabilities are wanted.', perPrompt('boolean')),
  logprob_start_len: field.raw('From this prompt token on; -1 = of the answer alone.', {
    ...perPrompt('integer'),
    default: -1,
  }),
  top_logprobs_num: field.raw('So many of the best tokens at every place.', perPrompt('integer')),
  token_ids_logprob: field.raw('Of these tokens at every place.', {
    anyOf: [IDS, { type: 'array', items: IDS }],
  }),
  return_text_in_logprobs: field.boolean('Each with its text.', { default: false }),
  return_prompt_token_ids: field.boolean('The answer brings the ids of its prompt.', {
    default: false,
  }),
  require_reasoning: field.boolean('The answer begins within a thought.', { default: false }),
  background: field.boolean('It goes on when its client leaves.', { default: false }),
  ...COMMON_REQUEST_FIELDS,
  ...LORA_FIELD,
  ...REFUSED_FIELDS,
  ...UNOBSERVED_FIELDS,
};
