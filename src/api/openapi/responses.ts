import { field, type Fields } from '../../http/fields.js';
import { CONVERSATION_FIELDS, RESPONSE_FIELDS } from '../responses/fields.js';
import {
  bodyOf,
  json,
  operation,
  optionalBody,
  ref,
  streamed,
  type Operation,
  type Status,
} from './operation.js';

const KEPT: readonly Status[] = [400, 404, 500, 503];

const EVENTS: Fields = {
  stream: field.boolean('Its events again.'),
  starting_after: field.integer('Those after this number.', { minimum: 0 }),
};
const PAGE: Fields = {
  limit: field.integer('Items at most.', { minimum: 1, maximum: 100, default: 20 }),
  order: field.string('Which come first.', { enum: ['asc', 'desc'], default: 'desc' }),
  after: field.string('Those behind this item.'),
  before: field.string('Those before this item.'),
};

const kept = (summary: string, parts: Partial<Operation>): Operation =>
  operation('responses', summary, { statuses: KEPT, ...parts });

const RESPONSE = '/v1/responses/{response_id}';
const CONVERSATION = '/v1/conversations/{conversation_id}';
const ITEM = `${CONVERSATION}/items/{item_id}`;
const LISTED = json(ref('ItemList'));
const CONVERSED = json(ref('Conversation'));

/** OpenAI's Responses API. */
export const RESPONSES_OPERATIONS: Readonly<Record<string, Operation>> = {
  'POST /v1/responses': kept('Answer a conversation.', {
    body: bodyOf(RESPONSE_FIELDS),
    answers: streamed(ref('Response')),
  }),
  'POST /v1/responses/input_tokens': kept('Tokens of a conversation.', {
    body: bodyOf(RESPONSE_FIELDS),
    answers: json(ref('InputTokens')),
  }),
  'POST /v1/responses/compact': kept('A conversation in fewer items.', {
    body: bodyOf(RESPONSE_FIELDS),
    answers: json(ref('Compaction')),
  }),
  [`GET ${RESPONSE}`]: kept('A response that is kept.', {
    query: EVENTS,
    answers: streamed(ref('Response')),
  }),
  [`GET ${RESPONSE}/input_items`]: kept('Its input.', { query: PAGE, answers: LISTED }),
  [`POST ${RESPONSE}/cancel`]: kept('Cancel one.', { answers: json(ref('Response')) }),
  [`DELETE ${RESPONSE}`]: kept('Forget one.', { answers: json(ref('Deleted')) }),

  'POST /v1/conversations': kept('Begin a conversation.', {
    body: optionalBody(CONVERSATION_FIELDS),
    answers: CONVERSED,
  }),
  [`GET ${CONVERSATION}`]: kept('A conversation.', { answers: CONVERSED }),
  [`POST ${CONVERSATION}`]: kept('Change its metadata.', {
    body: bodyOf({ metadata: CONVERSATION_FIELDS.metadata }),
    answers: CONVERSED,
  }),
  [`DELETE ${CONVERSATION}`]: kept('Forget one.', { answers: json(ref('Deleted')) }),
  [`GET ${CONVERSATION}/items`]: kept('Its items.', { query: PAGE, answers: LISTED }),
  [`POST ${CONVERSATION}/items`]: kept('Add items.', {
    body: bodyOf({ items: CONVERSATION_FIELDS.items }, ['items']),
    answers: LISTED,
  }),
  [`GET ${ITEM}`]: kept('An item.', { answers: json(ref('Item')) }),
  [`DELETE ${ITEM}`]: kept('Forget an item.', { answers: CONVERSED }),
};
