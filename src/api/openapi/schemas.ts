import type { Field, Fields, Schema } from '../../http/fields.js';
import { SAMPLING_FIELDS } from '../native/sampling-fields.js';
import { LIST, OBJECT, ref, TEXT } from './operation.js';

const INTEGER: Schema = { type: 'integer' };
const IDS: Schema = { type: 'array', items: INTEGER };

/** Null counts as left out, wherever a field is not required. */
export function schemaOf({ schema, about }: Field, isRequired: boolean): Schema {
  const described = { ...schema, description: about };
  if (isRequired || Object.keys(schema).length === 0) return described;
  const { default: fallback, ...rest } = schema;
  const nullable = { anyOf: [rest, { type: 'null' }], description: about };
  return fallback === undefined ? nullable : { ...nullable, default: fallback };
}

export function objectOf(fields: Fields, required: readonly string[] = []): Schema {
  return {
    type: 'object',
    properties: Object.fromEntries(
      Object.entries(fields).map(([name, one]) => [name, schemaOf(one, required.includes(name))]),
    ),
    ...(required.length === 0 ? {} : { required }),
  };
}

function open(properties: Readonly<Record<string, Schema>>): Schema {
  return { type: 'object', properties, required: Object.keys(properties) };
}

/** What several routes speak of. */
export const COMPONENTS: Readonly<Record<string, Schema>> = {
  SamplingParams: { ...objectOf(SAMPLING_FIELDS), additionalProperties: false },
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
  Response: open({
    id: TEXT,
    object: { const: 'response' },
    status: TEXT,
    model: TEXT,
    output: LIST,
  }),
  AnthropicMessage: open({
    id: TEXT,
    type: { const: 'message' },
    role: { const: 'assistant' },
    model: TEXT,
    content: LIST,
    usage: OBJECT,
  }),
  ModelCard: open({ id: TEXT }),
};
