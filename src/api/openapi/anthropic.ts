import { COUNT_TOKENS, MESSAGES } from '../anthropic/fields.js';
import {
  bodyOfShape,
  COMPUTED,
  json,
  operation,
  ref,
  streamed,
  type Operation,
} from './operation.js';

const NO_BATCHES = operation('anthropic', 'Not here.', { statuses: [404] });

/** Anthropic's Messages API. */
export const ANTHROPIC_OPERATIONS: Readonly<Record<string, Operation>> = {
  'POST /v1/messages': operation('anthropic', 'Answer a conversation.', {
    body: bodyOfShape(MESSAGES),
    answers: streamed(ref('AnthropicMessage')),
    statuses: [...COMPUTED, 529],
  }),
  'POST /v1/messages/count_tokens': operation('anthropic', 'Tokens of a conversation.', {
    body: bodyOfShape(COUNT_TOKENS),
    answers: json(ref('AnthropicTokens')),
    statuses: [529],
  }),
  'GET /v1/messages/{tail}': NO_BATCHES,
  'POST /v1/messages/{tail}': NO_BATCHES,
  'PUT /v1/messages/{tail}': NO_BATCHES,
  'DELETE /v1/messages/{tail}': NO_BATCHES,
};
