import { field, type Fields, type Schema } from '../../http/fields.js';
import { named, nested, shape } from '../../http/shapes.js';
import { CACHE_INFO_FIELD } from '../native/generate-fields.js';
import { TOOL } from '../openai/fields.js';
import { OPTION_FIELDS } from './option-fields.js';

export const MAX_TOP_LOGPROBS = 20;
/** `think`, where it is no truth value. */
export const LEVELS = ['high', 'medium', 'low', 'max'];

const NAME = {
  model: field.string('Any name; it is sent back.'),
  name: field.string('The older name of `model`.'),
} as const satisfies Fields;

const LOADED = {
  ...NAME,
  keep_alive: field.raw('The model always stays: without effect, but 0 unloads in words.', {
    type: ['string', 'number'],
  }),
  options: nested.object('How tokens are drawn.', named('OllamaOptions', shape(OPTION_FIELDS))),
} as const satisfies Fields;

const TEXT: Fields = {
  ...LOADED,
  stream: field.boolean('Lines of JSON, one a part of the answer.', { default: true }),
  format: field.raw('`json`, or a JSON schema that the answer must match.', {
    anyOf: [{ enum: ['json', ''] }, { type: 'object' }],
  }),
  think: field.raw('Whether, or how much, it thinks.', {
    anyOf: [{ type: 'boolean' }, { enum: LEVELS }],
  }),
  logprobs: field.boolean('Log-probabilities of the answer are wanted.', { default: false }),
  top_logprobs: field.integer('So many of the best tokens at every place.', {
    minimum: 0,
    maximum: MAX_TOP_LOGPROBS,
  }),
  ...CACHE_INFO_FIELD,
};

const CALL = named(
  'OllamaCall',
  shape(
    {
      id: field.raw('By it a result may name the call.', { type: 'string' }),
      function: nested.object(
        'What was called.',
        shape(
          {
            name: field.raw('The function.', { type: 'string' }),
            arguments: field.raw('Its arguments.', { type: ['object', 'string'] }),
          },
          ['name'],
        ),
      ),
    },
    ['function'],
  ),
);

const NO_PARTS: Schema = { type: 'array', maxItems: 0 };

const MESSAGE = named(
  'OllamaMessage',
  shape(
    {
      role: field.raw('`system`, `user`, `assistant` or `tool`.', { type: 'string' }),
      content: field.raw('The text.', { anyOf: [{ type: 'string' }, NO_PARTS] }),
      thinking: field.raw('What the assistant thought.', { type: 'string' }),
      images: field.raw('Refused.', NO_PARTS),
      tool_calls: nested.list('What the assistant called.', CALL),
      tool_name: field.raw('The tool that this is the result of.', { type: 'string' }),
      name: field.raw('The older name of `tool_name`.', { type: 'string' }),
      tool_call_id: field.raw('The call that this is the result of.', { type: 'string' }),
    },
    ['role'],
  ),
);

/** A body of `/api/chat`. */
export const CHAT_FIELDS: Fields = {
  ...TEXT,
  messages: nested.list('The conversation so far; none asks to load the model.', MESSAGE),
  tools: field.raw('Functions that the model may call.', { type: 'array', items: TOOL }),
};

/** A body of `/api/generate`. */
export const GENERATE_FIELDS: Fields = {
  ...TEXT,
  prompt: field.string('The prompt; none asks to load the model.'),
  system: field.string('What the model is told first.'),
  raw: field.boolean('No template.', { default: false }),
  context: field.integers('Token ids of what came before.'),
  template: field.string('Refused.', { maxLength: 0 }),
  suffix: field.string('Refused.', { maxLength: 0 }),
  images: field.raw('Refused.', NO_PARTS),
};

/** A body of `/api/embed`. */
export const EMBED_FIELDS: Fields = {
  ...LOADED,
  input: field.raw('A text or a list of texts.', {
    anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
  }),
  dimensions: field.integer('Values of each vector; below 1 = all.'),
  truncate: field.boolean('False: a text that is too long is refused.', { default: true }),
};

/** A body of `/api/embeddings`. */
export const EMBEDDINGS_FIELDS: Fields = { ...LOADED, prompt: field.string('The text.') };

/** A body of `/api/show`. */
export const SHOW_FIELDS: Fields = NAME;

/** A body of `/api/pull`. */
export const PULL_FIELDS: Fields = {
  ...NAME,
  stream: field.boolean('Lines of JSON.', { default: true }),
};
