import { field, type Fields } from '../../http/fields.js';
import { named, nested, shape, variants } from '../../http/shapes.js';
import { CACHE_INFO_FIELD } from '../native/generate-fields.js';
import { CHAT_FIELDS } from '../openai/fields.js';
import { ITEMS } from './item-fields.js';
import { MAX_KEY_CHARS, MAX_PAIRS, MAX_VALUE_CHARS } from './metadata.js';
import { TOOL_FIELDS } from './tool-fields.js';

/** What would change the answer in ways that are not here. */
export const NOT_HERE = ['prompt', 'moderation', 'context_management'] as const;
/** Of SGLang: they mean the same in a chat body. */
export const SHARED_WITH_CHAT = [
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
export const INCLUDABLE = [
  'code_interpreter_call.outputs',
  'computer_call_output.output.image_url',
  'file_search_call.results',
  'message.input_image.image_url',
  'message.output_text.logprobs',
  'reasoning.encrypted_content',
  'web_search_call.action.sources',
  'web_search_call.results',
] as const;
/** Items that one request may add to a conversation, as at OpenAI's. */
export const MAX_ADDED_ITEMS = 20;
export const MAX_TOP_LOGPROBS = 20;
export const MAX_ID_CHARS = 128;
export const TRUNCATIONS = ['auto', 'disabled'] as const;
export const SUMMARIES = ['auto', 'concise', 'detailed'];
export const FORMATS = ['text', 'json_object', 'json_schema'] as const;
export const VERBOSITIES = ['low', 'medium', 'high'];

const summary = field.string('Thoughts stand as the summary too.', { enum: SUMMARIES });
const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'ultra', 'max'];

const FORMAT = named(
  'ResponsesFormat',
  variants('type', {
    text: shape({}),
    json_object: shape({}),
    json_schema: shape(
      {
        name: field.raw('A name of the schema.', { type: 'string', minLength: 1 }),
        schema: field.raw('What the answer must match.', { type: 'object' }),
        description: field.raw('Shown again.', { type: 'string' }),
        strict: field.raw('Shown again: the answer always matches.', { type: 'boolean' }),
      },
      ['name', 'schema'],
    ),
  }),
);

const metadata = field.raw('Kept, and shown again.', {
  type: 'object',
  maxProperties: MAX_PAIRS,
  propertyNames: { maxLength: MAX_KEY_CHARS },
  additionalProperties: { type: 'string', maxLength: MAX_VALUE_CHARS },
});

/** Sent back as they are. */
const SHOWN: Fields = Object.fromEntries(
  ['prompt_cache_key', 'prompt_cache_retention', 'safety_identifier', 'user'].map((name) => [
    name,
    field.string('Shown again.'),
  ]),
);

/** A body of `/v1/responses`, of `/v1/responses/input_tokens` and of `/v1/responses/compact`. */
export const RESPONSE_FIELDS: Fields = {
  input: nested.textOrList('A text, or the items of a conversation.', ITEMS),
  instructions: field.string('What the model is told first.'),
  model: field.string('Any name; it is sent back.'),
  ...TOOL_FIELDS,
  max_tool_calls: field.integer('Shown again.', { minimum: 1 }),
  text: nested.object(
    'The form of the answer.',
    shape({
      format: nested.object('The form.', FORMAT),
      verbosity: field.raw('Shown again.', { enum: VERBOSITIES }),
    }),
  ),
  reasoning: nested.object(
    'How much to think, and how thoughts are shown.',
    shape({
      effort: field.string('How much to think; `none` = not at all.', { enum: EFFORTS }),
      summary,
      generate_summary: summary,
    }),
  ),
  conversation: nested.textOrObject(
    'The conversation that it belongs to.',
    shape({ id: field.raw('Which one.', { type: 'string' }) }, ['id']),
  ),
  previous_response_id: field.string('The response that it goes on from.'),
  stream: field.boolean('The answer comes as server-sent events.', { default: false }),
  background: field.boolean('It is answered at once, and goes on by itself.', { default: false }),
  store: field.boolean('It is kept.', { default: true }),
  max_output_tokens: field.integer('Tokens of the answer at most.', { minimum: 1 }),
  include: field.raw('What else the response brings.', {
    type: 'array',
    items: { enum: INCLUDABLE },
  }),
  top_logprobs: field.integer('So many of the best tokens at every place.', {
    minimum: 0,
    maximum: MAX_TOP_LOGPROBS,
  }),
  truncation: field.string('Shown again.', { enum: TRUNCATIONS }),
  metadata,
  ...SHOWN,
  request_id: field.string('The id of the response.', { minLength: 1, maxLength: MAX_ID_CHARS }),
  ...Object.fromEntries(
    SHARED_WITH_CHAT.map((name) => [name, CHAT_FIELDS[name] ?? field.raw('As in a chat.')]),
  ),
  ...Object.fromEntries(NOT_HERE.map((name) => [name, field.refused()])),
  ...CACHE_INFO_FIELD,
};

/** A message on a socket: a body, and how it is answered. */
export const SOCKET_FIELDS: Fields = {
  ...RESPONSE_FIELDS,
  type: field.raw('What is asked for.', { const: 'response.create' }),
  stream_id: field.raw('The lane that it waits in.', { type: 'string' }),
  generate: field.raw('False: it is only kept.', { type: 'boolean' }),
};

/** A body of `/v1/conversations` and of what is below it. */
export const CONVERSATION_FIELDS = {
  items: nested.list('Items of the conversation.', ITEMS, { maxItems: MAX_ADDED_ITEMS }),
  metadata,
} as const satisfies Fields;
