import {
  CHAT_FIELDS,
  EMBED_FIELDS,
  EMBEDDINGS_FIELDS,
  GENERATE_FIELDS,
  PULL_FIELDS,
  SHOW_FIELDS,
} from '../ollama/fields.js';
import {
  ANY,
  bodyOf,
  COMPUTED,
  json,
  OBJECT,
  operation,
  ref,
  type Operation,
  type Status,
} from './operation.js';

const ollama = (summary: string, parts: Partial<Operation> = {}): Operation =>
  operation('ollama', summary, { answers: json(OBJECT), ...parts });
/** One object, or with `stream`, which is the default, one a line. */
const lines = (name: string): Operation['answers'] => ({
  ...json(ref(name)),
  'application/x-ndjson': ANY,
});

const MODELS = json(ref('OllamaModels'));
const ANSWERED: readonly Status[] = [...COMPUTED, 404];
const ABSENT = ollama('Not here.', { answers: {}, statuses: [404] });
const NOT_HERE = ollama('Not in this server.', { answers: {}, statuses: [501] });

/** Ollama's API. */
export const OLLAMA_OPERATIONS: Readonly<Record<string, Operation>> = {
  'POST /api/chat': ollama('Answer a conversation.', {
    body: bodyOf(CHAT_FIELDS),
    answers: lines('OllamaChat'),
    statuses: ANSWERED,
  }),
  'POST /api/generate': ollama('Answer a prompt.', {
    body: bodyOf(GENERATE_FIELDS),
    answers: lines('OllamaAnswer'),
    statuses: ANSWERED,
  }),
  'POST /api/embed': ollama('Vectors of texts.', {
    body: bodyOf(EMBED_FIELDS),
    answers: json(ref('OllamaVectors')),
    statuses: ANSWERED,
  }),
  'POST /api/embeddings': ollama('The vector of a text.', {
    body: bodyOf(EMBEDDINGS_FIELDS),
    answers: json(ref('OllamaVector')),
    statuses: ANSWERED,
  }),
  'GET /api/tags': ollama('The model that is served.', { answers: MODELS }),
  'GET /api/ps': ollama('The model that is loaded.', { answers: MODELS }),
  'GET /api/version': ollama('The release of Ollama whose API this is.'),
  'POST /api/show': ollama('What model this is.', { body: bodyOf(SHOW_FIELDS), statuses: [404] }),
  'POST /api/pull': ollama('Progress of what is there already.', {
    body: bodyOf(PULL_FIELDS),
    answers: lines('OllamaStatus'),
    statuses: [404, 500],
  }),
  'POST /api/create': NOT_HERE,
  'POST /api/copy': NOT_HERE,
  'POST /api/push': NOT_HERE,
  'DELETE /api/delete': NOT_HERE,
  'GET /api/blobs/{digest}': NOT_HERE,
  'POST /api/blobs/{digest}': NOT_HERE,
  'GET /api/{tail}': ABSENT,
  'POST /api/{tail}': ABSENT,
  'PUT /api/{tail}': ABSENT,
  'DELETE /api/{tail}': ABSENT,
};
