import { field, type Fields } from '../../http/fields.js';

/** `sampling_params` of the native routes: every key there is, with SGLang's defaults. */
export const SAMPLING_FIELDS = {
  max_new_tokens: field.integer('Tokens of the answer at most; null = until the context ends.', {
    minimum: 0,
    default: 128,
  }),
  min_new_tokens: field.integer('No end token counts before so many.', { minimum: 0, default: 0 }),
  temperature: field.number('0 = greedy.', { minimum: 0, default: 1 }),
  top_p: field.number('Of the most probable tokens, those that make up this share.', {
    exclusiveMinimum: 0,
    maximum: 1,
    default: 1,
  }),
  top_k: field.integer('So many of the most probable tokens; -1 = all.', {
    minimum: -1,
    default: -1,
  }),
  min_p: field.number('Tokens less probable than this share of the best one are out.', {
    minimum: 0,
    maximum: 1,
    default: 0,
  }),
  frequency_penalty: field.number('Per time a token was made.', {
    minimum: -2,
    maximum: 2,
    default: 0,
  }),
  presence_penalty: field.number('Once a token was made.', { minimum: -2, maximum: 2, default: 0 }),
  repetition_penalty: field.number('Divides what was made; 1 = none.', {
    exclusiveMinimum: 0,
    maximum: 2,
    default: 1,
  }),
  logit_bias: field.raw('Added to the logits, by token id.', {
    type: 'object',
    additionalProperties: { type: 'number' },
  }),
  stop: field.strings('Texts that end the answer; they are cut off.'),
  stop_token_ids: field.raw('Tokens that end the answer.', {
    type: 'array',
    items: { type: ['integer', 'null'] },
  }),
  stop_regex: field.strings("Patterns of Python's `re` that end the answer."),
  no_stop_trim: field.boolean('What ended the answer stays in its text.', { default: false }),
  ignore_eos: field.boolean('End tokens end nothing.', { default: false }),
  n: field.integer('Answers per prompt.', { minimum: 1, maximum: 256, default: 1 }),
  skip_special_tokens: field.boolean('Special tokens are no text.', { default: true }),
  spaces_between_special_tokens: field.boolean('Without effect.', { default: true }),
  sampling_seed: field.raw('64 bits; the same seed draws the same answer.', {
    type: ['integer', 'string'],
  }),
  json_schema: field.string('A JSON schema, as text, that the answer must match.'),
  regex: field.string('A pattern that the answer must match.'),
  ebnf: field.string('A grammar that the answer must match.'),
  structural_tag: field.string('Tags, as JSON text, whose contents must match schemas.'),
  custom_params: field.raw('`thinking_budget`: tokens of a thought at most.', { type: 'object' }),
  stream_interval: field.integer('Tokens per chunk of a stream.', { minimum: 1 }),
} as const satisfies Fields;
