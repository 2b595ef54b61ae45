/** What the document says of each route, by method and path. Whoever adds a route adds its line: a test asks for it. */
import { field, type Fields } from '../../http/fields.js';
import {
  ABORT_FIELDS,
  DISK_FIELDS,
  FAIL_DEVICE_FIELDS,
  HANG_ACTOR_FIELDS,
  INTERNAL_STATE_FIELDS,
  LOGGING_FIELDS,
  MEMORY_FIELDS,
  PAUSE_FIELDS,
  PROFILE_FIELDS,
  TENSOR_FIELDS,
  VERSION_FIELDS,
  WEIGHT_FIELDS,
} from '../admin/fields.js';
import {
  CLASSIFY_FIELDS,
  EMBEDDINGS_FIELDS,
  ENCODE_FIELDS,
  RERANK_FIELDS,
  SCORE_FIELDS,
} from '../embed/fields.js';
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
import { DIALECTS } from './dialects.js';
import {
  bodyOf,
  COMPUTED,
  json,
  LIST,
  OBJECT,
  operation,
  ref,
  streamed,
  TEXT,
  type Operation,
} from './operation.js';

type Parts = Partial<Omit<Operation, 'tag' | 'summary'>>;

const PLAIN = { 'text/plain': TEXT };
/** Text without a content type, as SGLang sends it: the document can only say that there is an answer. */
const BARE = {};

const embed = (summary: string, fields: Fields, required: string[], answer: string): Operation =>
  operation('vectors', summary, {
    body: bodyOf(fields, required),
    answers: json(ref(answer)),
    statuses: COMPUTED,
  });
const rerank = (whose: string, answers: Operation['answers']): Operation =>
  operation('vectors', `Sort documents by a query, ${whose}.`, {
    body: bodyOf(RERANK_FIELDS, ['query', 'documents']),
    answers,
    statuses: COMPUTED,
  });
const info = (summary: string, answers: Operation['answers'] = json(OBJECT)): Operation =>
  operation('state', summary, { answers, statuses: [500, 503] });
const admin = (summary: string, parts: Parts = {}): Operation =>
  operation('admin', summary, { statuses: [400, 500, 503], ...parts });
/** A body that may be left out. */
const optional = (fields: Fields, required: readonly string[] = []) =>
  bodyOf(fields, required, false);

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
const ENCODE = operation('vectors', 'Vectors of texts.', {
  body: bodyOf(ENCODE_FIELDS),
  answers: json({ type: ['object', 'array'] }),
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
const VERSION = operation('state', 'The tag of the weights.', {
  answers: json(OBJECT),
  statuses: [404],
});
const POOL = info('Tokens that the cache can hold.', json({ type: ['integer', 'array'] }));
const MODEL_INFO = info('What model this is.');
const SERVER_INFO = info('Arguments, limits and state of the server.');
const UPDATE = admin('Load other weights while requests run.', {
  body: bodyOf(DISK_FIELDS, ['model_path'], false),
  answers: json(OBJECT),
});
const OPEN = operation('text', 'Open a session.', {
  body: optional(OPEN_SESSION_FIELDS, ['capacity_of_str_len']),
  answers: json(TEXT),
  statuses: [400],
});
const CLOSE = operation('text', 'Close a session.', {
  body: optional(CLOSE_SESSION_FIELDS, ['session_id']),
  statuses: [400],
});
const FLUSH = admin('Empty the prefix cache, when the server is idle.', {
  query: { timeout: field.number('Seconds to wait for that.', { minimum: 0 }) },
  answers: BARE,
});
const LOGGING = admin('Change what is logged.', { body: optional(LOGGING_FIELDS) });
const START_PROFILE = admin('Begin a profile.', {
  body: optional(PROFILE_FIELDS),
  answers: BARE,
});
const WEIGHTS = admin('Values of one tensor.', {
  body: optional(WEIGHT_FIELDS),
  query: { name: field.string("A tensor's name.") },
  answers: json(LIST),
});
const MEMORY = (summary: string): Operation =>
  admin(summary, { body: optional(MEMORY_FIELDS), answers: json({ type: 'null' }) });
const EXPERTS = (summary: string): Operation => admin(summary, { answers: BARE });
const KNOBS = admin('Change numbers of the scheduler while it runs.', {
  body: bodyOf(INTERNAL_STATE_FIELDS, ['server_args']),
  answers: json(LIST),
});
const MESSAGE = json(OBJECT);

export const OPERATIONS: Readonly<Record<string, Operation>> = {
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

  'POST /encode': ENCODE,
  'PUT /encode': ENCODE,
  'POST /classify': ENCODE,
  'PUT /classify': ENCODE,
  'POST /v1/embeddings': embed('Vectors of texts.', EMBEDDINGS_FIELDS, ['input'], 'Embeddings'),
  'POST /v1/classify': embed('Labels of texts.', CLASSIFY_FIELDS, ['input'], 'Classified'),
  'POST /v1/score': embed(
    'How probable labels are as the next token.',
    SCORE_FIELDS,
    ['query', 'items', 'label_token_ids'],
    'Scores',
  ),
  'POST /v1/rerank': rerank('in SGLang’s shape', json(LIST)),
  'PUT /v1/rerank': rerank('in SGLang’s shape', json(LIST)),
  'POST /rerank': rerank('in Jina’s shape', json(ref('Reranked'))),
  'POST /v2/rerank': rerank('in Cohere’s shape', json(ref('Reranked'))),

  'GET /': info('That it runs.', json(TEXT)),
  'GET /ping': info('That it answers.', {}),
  'GET /health': info('Whether it takes requests.', {}),
  'GET /health_generate': info('Whether a device computes.', {}),
  'GET /metrics': info('Metrics in Prometheus’ format.', PLAIN),
  'GET /v1/models': info('The model that is served.'),
  'GET /v1/models/{tail}': { ...info('One model.', json(ref('ModelCard'))), statuses: [404] },
  'GET /get_model_info': MODEL_INFO,
  'GET /model_info': MODEL_INFO,
  'GET /get_server_info': SERVER_INFO,
  'GET /server_info': SERVER_INFO,
  'GET /get_server_args': info('Arguments of the server.'),
  'GET /get_memory_pool_size': POOL,
  'POST /get_memory_pool_size': POOL,
  'GET /get_max_total_num_tokens': info('Tokens that the cache can hold.'),
  'GET /get_load': info('How busy each device is.', json(LIST)),
  'GET /v1/loads': {
    ...info('How busy each device is, in sections.', { ...json(OBJECT), ...PLAIN }),
    query: {
      include: field.string('Sections, with commas between them.'),
      dp_rank: field.integer('One device.', { minimum: 0 }),
      format: field.string('How it is written.', { enum: ['json', 'prometheus'] }),
    },
    statuses: [400, 500, 503],
  },
  'GET /weight_version': VERSION,
  'GET /get_weight_version': VERSION,
  'GET /limits': info('Every limit, with the flag that raises it.'),
  'GET /openapi.json': info('This document.'),
  'GET /docs': info('This document, to read.', { 'text/html': TEXT }),
  'GET /redoc': info('This document, to read.', { 'text/html': TEXT }),

  'POST /abort_request': admin('End requests.', { body: bodyOf(ABORT_FIELDS) }),
  'POST /pause_generation': admin('Hold all requests.', {
    body: optional(PAUSE_FIELDS),
    answers: MESSAGE,
  }),
  'POST /continue_generation': admin('Let them go on.', { body: optional({}), answers: MESSAGE }),
  'GET /flush_cache': FLUSH,
  'POST /flush_cache': FLUSH,
  'GET /configure_logging': LOGGING,
  'POST /configure_logging': LOGGING,
  'GET /start_profile': START_PROFILE,
  'POST /start_profile': START_PROFILE,
  'GET /stop_profile': admin('End it.', { answers: BARE }),
  'POST /stop_profile': admin('End it.', { answers: BARE }),
  'POST /set_internal_state': KNOBS,
  'PUT /set_internal_state': KNOBS,
  'GET /freeze_gc': admin('Without effect.', { answers: BARE }),
  'POST /freeze_gc': admin('Without effect.', { answers: BARE }),
  'POST /update_weights': UPDATE,
  'POST /update_weights_from_disk': UPDATE,
  'POST /update_weights_from_tensor': admin('Change tensors while requests run.', {
    body: bodyOf(TENSOR_FIELDS, ['serialized_named_tensors'], false),
    answers: json(OBJECT),
  }),
  'POST /update_weight_version': admin('Name the weights.', {
    body: bodyOf(VERSION_FIELDS, ['new_version'], false),
    answers: MESSAGE,
  }),
  'GET /get_weights_by_name': WEIGHTS,
  'POST /get_weights_by_name': WEIGHTS,
  'POST /load_lora_adapter': admin('Refused: LoRA is not there.'),
  'POST /unload_lora_adapter': admin('Refused: LoRA is not there.'),
  'GET /release_memory_occupation': MEMORY('Give memory back.'),
  'POST /release_memory_occupation': MEMORY('Give memory back.'),
  'GET /resume_memory_occupation': MEMORY('Take it again.'),
  'POST /resume_memory_occupation': MEMORY('Take it again.'),
  'GET /start_expert_distribution_record': EXPERTS('Begin to count experts.'),
  'POST /start_expert_distribution_record': EXPERTS('Begin to count experts.'),
  'GET /stop_expert_distribution_record': EXPERTS('End it.'),
  'POST /stop_expert_distribution_record': EXPERTS('End it.'),
  'GET /dump_expert_distribution_record': EXPERTS('Write what was counted.'),
  'POST /dump_expert_distribution_record': EXPERTS('Write what was counted.'),
  'POST /debug/fail_device': admin('Break a device, for tests.', {
    body: bodyOf(FAIL_DEVICE_FIELDS),
    answers: MESSAGE,
  }),
  'POST /debug/hang_actor': admin('Hang a thread, for tests.', {
    body: bodyOf(HANG_ACTOR_FIELDS, ['actor']),
    answers: MESSAGE,
  }),
  ...DIALECTS,
};
