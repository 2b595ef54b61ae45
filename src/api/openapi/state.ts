import { field } from '../../http/fields.js';
import { json, LIST, OBJECT, operation, type Operation, ref, TEXT } from './operation.js';

const PLAIN = { 'text/plain': TEXT };
const info = (summary: string, answers: Operation['answers'] = json(OBJECT)): Operation =>
  operation('state', summary, { answers, statuses: [500, 503] });
const VERSION = operation('state', 'The tag of the weights.', {
  answers: json(OBJECT),
  statuses: [404],
});
const POOL = info('Tokens that the cache can hold.', json({ type: ['integer', 'array'] }));
const MODEL_INFO = info('What model this is.');
const SERVER_INFO = info('Arguments, limits and state of the server.');

/** Routes that say what the server is and how it does. */
export const STATE_OPERATIONS: Readonly<Record<string, Operation>> = {
  'GET /': info('That it runs.', json(TEXT)),
  'GET /ping': info('That it answers.', {}),
  'GET /health': info('Whether it takes requests.', {}),
  'GET /health_generate': info('Whether a device computes.', {}),
  'GET /metrics': info('Metrics in Prometheus’ format.', PLAIN),
  'GET /v1/models': info('The model that is served.'),
  'GET /v1/models/{model}': { ...info('One model.', json(ref('ModelCard'))), statuses: [404] },
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
};
