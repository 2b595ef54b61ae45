import { field, type Fields, type Schema } from '../../http/fields.js';
import { CONVERSATION_FIELDS, NOT_YET_FIELDS, TOOL } from '../openai/fields.js';

const IDS: Schema = { type: 'array', items: { type: 'integer' } };

/** A body of `/tokenize`. */
export const TOKENIZE_FIELDS: Fields = {
  prompt: field.raw('A text or a list of texts; else `messages`.', {
    anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
  }),
  add_special_tokens: field.boolean('With the tokens that the model wants around a text.', {
    default: true,
  }),
  ...CONVERSATION_FIELDS,
  ...NOT_YET_FIELDS,
};

/** A body of `/detokenize`. */
export const DETOKENIZE_FIELDS = {
  tokens: field.raw('Token ids, or a list of such lists.', {
    anyOf: [IDS, { type: 'array', items: IDS }],
  }),
  skip_special_tokens: field.boolean('Special tokens are no text.', { default: true }),
} as const satisfies Fields;

/** A body of `/parse_function_call`. */
export const PARSE_CALL_FIELDS = {
  text: field.string('What a model answered.'),
  tools: field.raw('Functions that it may have called.', { type: 'array', items: TOOL }),
  tool_call_parser: field.string('As --tool-call-parser has them.'),
} as const satisfies Fields;

/** A body of `/separate_reasoning`. */
export const SEPARATE_FIELDS = {
  text: field.string('What a model answered.'),
  reasoning_parser: field.string('As --reasoning-parser has them.'),
  return_blocks: field.boolean('Also as a list of blocks.', { default: false }),
} as const satisfies Fields;

/** A body of `/open_session`. */
export const OPEN_SESSION_FIELDS = {
  capacity_of_str_len: field.integer('Required, and without effect.'),
  session_id: field.string('A name of the session; one is made where it is left out.'),
  timeout: field.number('Seconds without use after which it is closed.', { exclusiveMinimum: 0 }),
} as const satisfies Fields;

/** A body of `/close_session`. */
export const CLOSE_SESSION_FIELDS = {
  session_id: field.string('Which one.'),
} as const satisfies Fields;

/** A body of `/vertex_generate`. */
export const VERTEX_FIELDS = {
  instances: field.raw('One prompt each: `text` or `input_ids`.', {
    type: 'array',
    items: { type: 'object' },
  }),
  parameters: field.raw('Further fields of `/generate`.', { type: 'object' }),
} as const satisfies Fields;
