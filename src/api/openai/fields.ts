import { field, type Fields, type Schema } from '../../http/fields.js';
import { COMMON_REQUEST_FIELDS, HIDDEN_MODE, LORA_FIELD } from '../native/generate-fields.js';
import { SAMPLING_FIELDS } from '../native/sampling-fields.js';
import { NOT_YET } from './unsupported-fields.js';

/** Fields of `sampling_params` that stand in the body itself here. */
export const SHARED_SAMPLING = [
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
] as const satisfies readonly (keyof typeof SAMPLING_FIELDS)[];

/** Their defaults are the model's own here. */
function withoutDefault(name: (typeof SHARED_SAMPLING)[number]): Fields[string] {
  const known = SAMPLING_FIELDS[name];
  const entries = Object.entries(known.schema).filter(([key]) => key !== 'default');
  return { ...known, schema: Object.fromEntries(entries) };
}

/** What is refused by name. */
export const NOT_YET_FIELDS: Fields = Object.fromEntries(
  NOT_YET.map((name) => [name, field.refused()]),
);

/** What the answer must match. */
const GRAMMAR_FIELDS = {
  response_format: field.raw('The form of the answer.', {
    type: 'object',
    required: ['type'],
    properties: {
      type: { enum: ['text', 'json_object', 'json_schema', 'structural_tag'] },
      json_schema: { type: 'object', properties: { name: { type: 'string' }, schema: {} } },
    },
  }),
  regex: field.raw('A pattern that the answer must match.', { type: 'string' }),
  ebnf: field.raw('A grammar that the answer must match.', { type: 'string' }),
  json_schema: field.raw('A JSON schema that the answer must match.', {
    type: ['string', 'object'],
  }),
  structural_tag: field.raw('Tags whose contents must match schemas.', {
    type: ['string', 'object'],
  }),
} as const satisfies Fields;

/** What both routes read. */
const COMMON: Fields = {
  model: field.string('Any name; it is sent back. `base:adapter` asks for a LoRA adapter.'),
  ...Object.fromEntries(SHARED_SAMPLING.map((name) => [name, withoutDefault(name)])),
  min_tokens: field.integer('No end token counts before so many.', { minimum: 0 }),
  max_tokens: field.integer('Tokens of the answer at most.', { minimum: 0 }),
  max_completion_tokens: field.integer('Wins over `max_tokens`.', { minimum: 0 }),
  seed: field.raw('64 bits; the same seed draws the same answer.', { type: ['integer', 'string'] }),
  best_of: field.integer('Without effect.', { minimum: 1, maximum: 256 }),
  stream: field.boolean('The answer comes as server-sent events.', { default: false }),
  stream_options: field.raw('What a stream brings beside its choices.', {
    type: 'object',
    properties: {
      include_usage: { type: ['boolean', 'null'] },
      continuous_usage_stats: { type: ['boolean', 'null'] },
    },
  }),
  ...GRAMMAR_FIELDS,
  ...COMMON_REQUEST_FIELDS,
  return_hidden_states: field.raw(
    'Choices bring the final hidden state of the row that the last token was drawn from.',
    HIDDEN_MODE,
  ),
  ...LORA_FIELD,
  return_prompt_token_ids: field.boolean('Choices bring the ids of the prompt.'),
  return_token_ids: field.boolean('Choices bring the ids of prompt and answer.'),
  return_meta_info: field.boolean("Choices bring the native route's `meta_info`."),
  return_cached_tokens_details: field.boolean('`sglext` says how much was cached.'),
  ...NOT_YET_FIELDS,
};

/** A function that a model may call: {@link TOOL_SCHEMA}, as the document refers to it. */
export const TOOL: Schema = { $ref: '#/components/schemas/Tool' };
export const TOOL_SCHEMA: Schema = {
  type: 'object',
  required: ['function'],
  properties: {
    type: { type: ['string', 'null'] },
    function: {
      type: 'object',
      required: ['name'],
      properties: {
        name: { type: 'string' },
        description: { type: ['string', 'null'] },
        parameters: { type: ['object', 'boolean', 'null'] },
        strict: { type: ['boolean', 'null'] },
      },
    },
  },
};

/** How a conversation becomes a prompt; `/tokenize` reads the same. */
export const CONVERSATION_FIELDS = {
  messages: field.raw('The conversation so far.', {
    type: 'array',
    minItems: 1,
    items: { $ref: '#/components/schemas/Message' },
  }),
  tools: field.raw('Functions that the model may call.', { type: 'array', items: TOOL }),
  tool_choice: field.raw('Whether the model may, must or must not call, or which one.', {
    anyOf: [
      { enum: ['none', 'auto', 'required'] },
      {
        type: 'object',
        required: ['function'],
        properties: { function: { type: 'object', properties: { name: { type: 'string' } } } },
      },
    ],
  }),
  parallel_tool_calls: field.boolean('Several calls in one answer.', { default: true }),
  reasoning: field.raw('`effort` and `enabled` of thoughts; what is no object says nothing.', {
    properties: { effort: {}, enabled: {} },
  }),
  reasoning_effort: field.raw('How much to think; `none` = not at all.', {
    anyOf: [
      { enum: ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'ultra', 'max'] },
      { type: 'number', minimum: 0, maximum: 0.99 },
    ],
  }),
  separate_reasoning: field.boolean('Thoughts are no part of the content.', { default: true }),
  stream_reasoning: field.boolean('Thoughts come as they are made.', { default: true }),
  continue_final_message: field.boolean('The last message is the beginning of the answer.', {
    default: false,
  }),
  chat_template_kwargs: field.raw('Further variables of the chat template.', { type: 'object' }),
} as const satisfies Fields;

/** A body of `/v1/chat/completions`. */
export const CHAT_FIELDS: Fields = {
  ...CONVERSATION_FIELDS,
  ...COMMON,
  input_ids: field.raw('The whole prompt: no template then.', {
    type: 'array',
    items: { type: 'integer' },
  }),
  logprobs: field.boolean('Log-probabilities of the answer are wanted.', { default: false }),
  top_logprobs: field.integer('So many of the best tokens at every place.', {
    minimum: 0,
    maximum: 256,
  }),
};

const IDS: Schema = { type: 'array', items: { type: 'integer' } };

/** A body of `/v1/completions`. */
export const COMPLETION_FIELDS: Fields = {
  ...COMMON,
  prompt: field.raw('A prompt or a list of prompts, as text or as token ids.', {
    anyOf: [
      { type: 'string' },
      { type: 'array', items: { type: 'string' } },
      IDS,
      { type: 'array', items: IDS },
    ],
  }),
  max_tokens: field.integer('Tokens of the answer at most.', { minimum: 1 }),
  suffix: field.string('The text after the gap, for models that fill in the middle.'),
  echo: field.boolean('The prompt comes before the answer.', { default: false }),
  logprobs: field.integer('So many of the best tokens at every place.', {
    minimum: 0,
    maximum: 256,
  }),
};
