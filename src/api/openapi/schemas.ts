import type { Schema } from '../../http/fields.js';
import { shape, shapeSchema } from '../../http/shapes.js';
import { SAMPLING_FIELDS } from '../native/sampling-fields.js';
import { TOOL_SCHEMA } from '../openai/fields.js';
import { DIALECT_COMPONENTS } from './dialect-schemas.js';
import { INTEGER, LIST, OBJECT, open, ref, TEXT } from './operation.js';

const IDS: Schema = { type: 'array', items: INTEGER };

/** What several routes speak of. */
export const COMPONENTS: Readonly<Record<string, Schema>> = {
  SamplingParams: { ...shapeSchema(shape(SAMPLING_FIELDS)), additionalProperties: false },
  Message: {
    type: 'object',
    required: ['role'],
    properties: {
      role: TEXT,
      content: { type: ['string', 'array', 'null'] },
      name: { type: ['string', 'null'] },
      tool_calls: { type: ['array', 'null'] },
      tool_call_id: { type: ['string', 'null'] },
      reasoning_content: { type: ['string', 'null'] },
    },
  },
  Tool: TOOL_SCHEMA,
  Error: {
    description: 'SGLang’s flat fields, and OpenAI’s object beside them where the route has it.',
    ...OBJECT,
  },
  Usage: open({ prompt_tokens: INTEGER, completion_tokens: INTEGER, total_tokens: INTEGER }),
  Generated: {
    ...OBJECT,
    properties: { text: TEXT, output_ids: IDS, meta_info: OBJECT },
    required: ['output_ids', 'meta_info'],
  },
  GenerateAnswer: {
    anyOf: [ref('Generated'), { type: 'array', items: ref('Generated') }],
  },
  ChatCompletion: open({
    id: TEXT,
    object: { const: 'chat.completion' },
    created: INTEGER,
    model: TEXT,
    choices: LIST,
    usage: ref('Usage'),
  }),
  Completion: open({
    id: TEXT,
    object: { const: 'text_completion' },
    created: INTEGER,
    model: TEXT,
    choices: LIST,
    usage: ref('Usage'),
  }),
  Embeddings: open({ object: { const: 'list' }, data: LIST, model: TEXT, usage: OBJECT }),
  Reranked: open({ id: TEXT, results: LIST }),
  Classified: open({ object: { const: 'list' }, data: LIST, usage: OBJECT }),
  Scores: open({ scores: LIST, model: TEXT, object: { const: 'scoring' } }),
  Tokens: open({ tokens: LIST, count: { type: ['integer', 'array'] }, max_model_len: INTEGER }),
  ModelCard: open({ id: TEXT }),
  ...DIALECT_COMPONENTS,
};
