import { field, type Fields, type Schema } from '../../http/fields.js';
import { REFUSED_FIELDS, UNOBSERVED_FIELDS } from '../native/generate-fields.js';

const IDS: Schema = { type: 'array', items: { type: 'integer' } };
const TEXTS: Schema = { type: 'array', items: { type: 'string' } };

const RID = field.raw('A name of the request; a list names each text.', {
  anyOf: [{ type: 'string' }, TEXTS],
});
const MODEL = field.string('Any name.');
const NO_LORA = {
  lora_path: field.raw('Refused.', { type: 'array', items: { type: 'null' } }),
} as const satisfies Fields;

/** A body of `/encode` or `/classify`. */
export const ENCODE_FIELDS: Fields = {
  text: field.raw('A text, a list of texts, or a list of pairs of texts.', {
    anyOf: [
      { type: 'string' },
      TEXTS,
      { type: 'array', items: { type: 'array', items: { type: 'string' } } },
    ],
  }),
  input_ids: field.raw('Token ids, or a list of such lists.', {
    anyOf: [IDS, { type: 'array', items: IDS }],
  }),
  is_cross_encoder_request: field.boolean('A list of two texts is a pair.', { default: false }),
  dimensions: field.integer('A prefix of the vector, where the model was trained for it.', {
    minimum: 1,
  }),
  return_prompt_token_ids: field.boolean('The answer brings the ids of its text.'),
  return_pooled_hidden_states: field.boolean('Refused.'),
  rid: RID,
  ...UNOBSERVED_FIELDS,
  ...NO_LORA,
  ...REFUSED_FIELDS,
};

const INPUT = field.raw('A text or a list of texts, as text or as token ids.', {
  anyOf: [{ type: 'string' }, TEXTS, IDS, { type: 'array', items: IDS }],
});

/** A body of `/v1/embeddings`. */
export const EMBEDDINGS_FIELDS: Fields = {
  input: INPUT,
  model: MODEL,
  encoding_format: field.string('How numbers are written.', {
    enum: ['float', 'base64'],
    default: 'float',
  }),
  dimensions: field.integer('A prefix of the vector, where the model was trained for it.', {
    minimum: 1,
  }),
  rid: RID,
  ...NO_LORA,
};

/** A body of `/v1/classify`. */
export const CLASSIFY_FIELDS: Fields = { input: INPUT, model: MODEL, rid: RID };

/** A body of `/embed_sparse`. */
export const SPARSE_FIELDS: Fields = {
  inputs: field.raw('A text, a list of texts, or a list of lists of token ids.', {
    anyOf: [{ type: 'string' }, TEXTS, { type: 'array', items: IDS }],
  }),
  truncate: field.boolean('Texts longer than the context are cut.', { default: false }),
};

/** A body of `/v1/rerank`, `/v2/rerank` or `/rerank`. */
export const RERANK_FIELDS: Fields = {
  query: field.raw('A text, or parts that are text.', {
    anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'object' } }],
  }),
  documents: field.raw('Texts; for `/rerank` and `/v2/rerank` also objects with a `text`.', {
    type: 'array',
    items: { type: ['string', 'object'] },
    minItems: 1,
  }),
  model: MODEL,
  top_n: field.integer('The best so many.', { minimum: 1 }),
  return_documents: field.boolean('Documents come with their scores.'),
  instruct: field.string('What is to be judged, for a model that judges by its template.'),
  rid: RID,
};

/** A body of `/v1/score`. */
export const SCORE_FIELDS: Fields = {
  query: field.raw('What comes before each item, as text or as token ids.', {
    anyOf: [{ type: 'string' }, IDS],
  }),
  items: field.raw('What is scored.', {
    anyOf: [{ type: 'string' }, TEXTS, { type: 'array', items: IDS }],
  }),
  label_token_ids: field.integers('Whose probability as the next token is the score.'),
  apply_softmax: field.boolean('Scores of an item add up to 1.', { default: false }),
  item_first: field.boolean('The item comes before the query.', { default: false }),
  model: MODEL,
};
