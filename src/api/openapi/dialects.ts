/** Routes of other makers' APIs: their clients know the fields, so the document names what counts most. */
import { field } from '../../http/fields.js';
import {
  bodyOf,
  COMPUTED,
  json,
  looseFields,
  OBJECT,
  operation,
  ref,
  streamed,
  TEXT,
  type Operation,
  type Status,
} from './operation.js';

type Parts = Partial<Omit<Operation, 'tag' | 'summary'>>;

const ANTHROPIC_FIELDS = looseFields({
  model: 'Any name; it is sent back.',
  messages: 'The conversation so far.',
  system: 'What the model is told first.',
  tools: 'Functions that the model may call.',
  tool_choice: 'Whether it may, must or must not call.',
  thinking: 'Whether, and how much, it thinks.',
  output_config: 'The form of the answer, and the effort.',
});
const MESSAGES_FIELDS = {
  ...ANTHROPIC_FIELDS,
  ...looseFields({
    max_tokens: 'Tokens of the answer at most.',
    stop_sequences: 'Texts that end the answer.',
    stream: 'The answer comes as server-sent events.',
    temperature: '0 = greedy.',
    top_p: 'Of the most probable tokens, those that make up this share.',
    top_k: 'So many of the most probable tokens.',
  }),
};
const NO_BATCHES = operation('anthropic', 'Not here.', { statuses: [404] });

const RESPONSES_FIELDS = looseFields({
  input: 'A text, or the items of a conversation.',
  instructions: 'What the model is told first.',
  model: 'Any name; it is sent back.',
  tools: 'Functions that the model may call.',
  tool_choice: 'Whether it may, must or must not call.',
  text: 'The form of the answer.',
  reasoning: 'The effort.',
  conversation: 'The conversation that it belongs to.',
  previous_response_id: 'The response that it goes on from.',
});
const RESPONSE_FIELDS = {
  ...RESPONSES_FIELDS,
  ...looseFields({
    stream: 'The answer comes as server-sent events.',
    background: 'It is answered at once, and goes on by itself.',
    store: 'Whether it is kept.',
    max_output_tokens: 'Tokens of the answer at most.',
    temperature: '0 = greedy.',
    top_p: 'Of the most probable tokens, those that make up this share.',
    include: 'What else the response shall bring.',
    metadata: 'Kept and sent back.',
  }),
};
const PAGE = {
  stream: field.boolean('Its events again.'),
  starting_after: field.integer('Those after this number.'),
  limit: field.integer('Items at most.'),
  order: field.string('Which come first.', { enum: ['asc', 'desc'] }),
  after: field.string('Those behind this item.'),
};
const KEPT: readonly Status[] = [400, 404, 500, 503];
const ITEMS = looseFields({ items: 'Items of the conversation.', metadata: 'Kept and sent back.' });

const OLLAMA_FIELDS = looseFields({
  model: 'Any name; it is sent back.',
  stream: 'Lines of JSON; true by default.',
  format: '`json` or a schema that the answer must match.',
  options: 'How tokens are drawn.',
  think: 'Whether it thinks.',
  keep_alive: 'Without effect.',
  logprobs: 'Log-probabilities are wanted.',
  top_logprobs: 'So many of the best tokens.',
});
const LINES = { ...json(OBJECT), 'application/x-ndjson': TEXT };
const NAME = looseFields({ model: 'A name.', name: 'The older field for it.' });
const ollama = (summary: string, parts: Parts = {}): Operation =>
  operation('ollama', summary, { answers: json(OBJECT), ...parts });
const NOT_HERE = ollama('Not in this server.', { answers: {}, statuses: [501] });
const NOT_OLLAMA = ollama('Not here.', { statuses: [404] });

export const DIALECTS: Readonly<Record<string, Operation>> = {
  'POST /v1/messages': operation('anthropic', 'Answer a conversation.', {
    body: bodyOf(MESSAGES_FIELDS, ['model', 'messages', 'max_tokens']),
    answers: streamed(ref('AnthropicMessage')),
    statuses: [...COMPUTED, 529],
  }),
  'POST /v1/messages/count_tokens': operation('anthropic', 'Tokens of a conversation.', {
    body: bodyOf(ANTHROPIC_FIELDS, ['model', 'messages']),
    answers: json(OBJECT),
    statuses: [529],
  }),
  'GET /v1/messages/{tail}': NO_BATCHES,
  'POST /v1/messages/{tail}': NO_BATCHES,
  'PUT /v1/messages/{tail}': NO_BATCHES,
  'DELETE /v1/messages/{tail}': NO_BATCHES,

  'POST /v1/responses': operation('responses', 'Answer a conversation.', {
    body: bodyOf(RESPONSE_FIELDS),
    answers: streamed(ref('Response')),
    statuses: KEPT,
  }),
  'POST /v1/responses/input_tokens': operation('responses', 'Tokens of a conversation.', {
    body: bodyOf(RESPONSES_FIELDS),
    answers: json(OBJECT),
    statuses: KEPT,
  }),
  'POST /v1/responses/compact': operation('responses', 'A conversation in fewer items.', {
    body: bodyOf(RESPONSES_FIELDS),
    answers: json(OBJECT),
    statuses: KEPT,
  }),
  'GET /v1/responses/{tail}': operation('responses', 'A response that is kept, or its input.', {
    query: PAGE,
    answers: streamed(OBJECT),
    statuses: KEPT,
  }),
  'POST /v1/responses/{tail}': operation('responses', 'Cancel one: `{id}/cancel`.', {
    answers: json(ref('Response')),
    statuses: KEPT,
  }),
  'DELETE /v1/responses/{tail}': operation('responses', 'Forget one.', {
    answers: json(OBJECT),
    statuses: KEPT,
  }),
  'POST /v1/conversations': operation('responses', 'Begin a conversation.', {
    body: bodyOf(ITEMS, [], false),
    answers: json(OBJECT),
    statuses: KEPT,
  }),
  'GET /v1/conversations/{tail}': operation('responses', 'A conversation, or its items.', {
    query: PAGE,
    answers: json(OBJECT),
    statuses: KEPT,
  }),
  'POST /v1/conversations/{tail}': operation('responses', 'Change one, or add items.', {
    body: bodyOf(ITEMS, [], false),
    answers: json(OBJECT),
    statuses: KEPT,
  }),
  'DELETE /v1/conversations/{tail}': operation('responses', 'Forget one, or an item.', {
    answers: json(OBJECT),
    statuses: KEPT,
  }),

  'POST /api/chat': ollama('Answer a conversation.', {
    body: bodyOf({
      ...OLLAMA_FIELDS,
      ...looseFields({
        messages: 'The conversation so far.',
        tools: 'Functions that the model may call.',
      }),
    }),
    answers: LINES,
    statuses: [...COMPUTED, 404],
  }),
  'POST /api/generate': ollama('Answer a prompt.', {
    body: bodyOf({
      ...OLLAMA_FIELDS,
      ...looseFields({
        prompt: 'The prompt.',
        system: 'What the model is told first.',
        raw: 'No template.',
        context: 'Ids of what came before.',
      }),
    }),
    answers: LINES,
    statuses: [...COMPUTED, 404],
  }),
  'POST /api/embed': ollama('Vectors of texts.', {
    body: bodyOf(
      looseFields({ model: 'A name.', input: 'A text or a list.', dimensions: 'A prefix.' }),
    ),
    statuses: [...COMPUTED, 404],
  }),
  'POST /api/embeddings': ollama('The vector of a text.', {
    body: bodyOf(looseFields({ model: 'A name.', prompt: 'The text.' })),
    statuses: [...COMPUTED, 404],
  }),
  'GET /api/tags': ollama('The model that is served.'),
  'GET /api/ps': ollama('The model that is loaded.'),
  'GET /api/version': ollama('The release of Ollama whose API this is.'),
  'POST /api/show': ollama('What model this is.', { body: bodyOf(NAME), statuses: [404] }),
  'POST /api/pull': ollama('Progress of what is there already.', {
    body: bodyOf(NAME),
    answers: LINES,
    statuses: [404, 500],
  }),
  'POST /api/create': NOT_HERE,
  'POST /api/copy': NOT_HERE,
  'POST /api/push': NOT_HERE,
  'DELETE /api/delete': NOT_HERE,
  'GET /api/blobs/{tail}': NOT_HERE,
  'POST /api/blobs/{tail}': NOT_HERE,
  'GET /api/{tail}': NOT_OLLAMA,
  'POST /api/{tail}': NOT_OLLAMA,
  'PUT /api/{tail}': NOT_OLLAMA,
  'DELETE /api/{tail}': NOT_OLLAMA,
};
