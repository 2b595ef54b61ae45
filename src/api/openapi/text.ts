import {
  CLOSE_SESSION_FIELDS,
  DETOKENIZE_FIELDS,
  OPEN_SESSION_FIELDS,
  PARSE_CALL_FIELDS,
  SEPARATE_FIELDS,
  TOKENIZE_FIELDS,
  VERTEX_FIELDS,
} from '../native/fields.js';
import { GENERATE_FIELDS } from '../native/generate-fields.js';
import { CHAT_FIELDS, COMPLETION_FIELDS } from '../openai/fields.js';
import {
  bodyOf,
  COMPUTED,
  json,
  OBJECT,
  operation,
  type Operation,
  ref,
  streamed,
  TEXT,
} from './operation.js';

const GENERATE = operation('text', 'Answer prompts.', {
  body: bodyOf(GENERATE_FIELDS),
  answers: streamed(ref('GenerateAnswer')),
  statuses: COMPUTED,
});
const CHAT = operation('text', 'Answer a conversation.', {
  body: bodyOf(CHAT_FIELDS, ['messages']),
  answers: streamed(ref('ChatCompletion')),
  statuses: COMPUTED,
});
const TOKENIZE = operation('text', 'Token ids of texts or of a conversation.', {
  body: bodyOf(TOKENIZE_FIELDS),
  answers: json(ref('Tokens')),
});
const DETOKENIZE = operation('text', 'The text of token ids.', {
  body: bodyOf(DETOKENIZE_FIELDS, ['tokens']),
  answers: json(OBJECT),
  statuses: [500],
});
const OPEN = operation('text', 'Open a session.', {
  body: bodyOf(OPEN_SESSION_FIELDS, ['capacity_of_str_len']),
  answers: json(TEXT),
  statuses: [400],
});
const CLOSE = operation('text', 'Close a session.', {
  body: bodyOf(CLOSE_SESSION_FIELDS, ['session_id']),
  statuses: [400],
});

/** Routes that make texts of texts. */
export const TEXT_OPERATIONS: Readonly<Record<string, Operation>> = {
  'POST /generate': GENERATE,
  'PUT /generate': GENERATE,
  'POST /v1/chat/completions': CHAT,
  'POST /invocations': CHAT,
  'POST /v1/completions': operation('text', 'Complete prompts.', {
    body: bodyOf(COMPLETION_FIELDS, ['prompt']),
    answers: streamed(ref('Completion')),
    statuses: COMPUTED,
  }),
  'POST /vertex_generate': operation('text', 'Answer prompts, for Vertex AI.', {
    body: bodyOf(VERTEX_FIELDS, ['instances']),
    answers: streamed({ type: ['object', 'array'] }),
    statuses: COMPUTED,
  }),
  'GET /ws': operation('text', 'All of the text routes over one WebSocket.', {
    statuses: [400, 426],
  }),
  'POST /tokenize': TOKENIZE,
  'POST /v1/tokenize': TOKENIZE,
  'POST /detokenize': DETOKENIZE,
  'POST /v1/detokenize': DETOKENIZE,
  'GET /tokenizer_info': operation('text', 'tokenizer_config.json and the template in use.', {
    answers: json(OBJECT),
    statuses: [400],
  }),
  'POST /parse_function_call': operation('text', 'Calls in a text.', {
    body: bodyOf(PARSE_CALL_FIELDS, ['text', 'tools', 'tool_call_parser']),
    answers: json(OBJECT),
  }),
  'POST /separate_reasoning': operation('text', 'The thought in a text.', {
    body: bodyOf(SEPARATE_FIELDS, ['text', 'reasoning_parser']),
    answers: json(OBJECT),
  }),
  'GET /open_session': OPEN,
  'POST /open_session': OPEN,
  'GET /close_session': CLOSE,
  'POST /close_session': CLOSE,
};
