import type { Schema } from '../../http/fields.js';
import { INTEGER, OBJECT, open, ref, TEXT } from './operation.js';

const BOOLEAN: Schema = { type: 'boolean' };
const NUMBERS: Schema = { type: 'array', items: { type: 'number' } };
const nullable = (type: string): Schema => ({ type: [type, 'null'] });
const listOf = (items: Schema): Schema => ({ type: 'array', items });

const ITEM = open({ id: TEXT, type: TEXT });
const OPENAI_ERROR = open({ message: TEXT, type: TEXT, param: nullable('string'), code: INTEGER });
const BLOCK = open({ type: { enum: ['text', 'thinking', 'tool_use'] } });
const ANSWERED = { model: TEXT, created_at: TEXT, done: BOOLEAN };
const OLLAMA_MODEL = open({
  name: TEXT,
  model: TEXT,
  size: INTEGER,
  digest: TEXT,
  details: OBJECT,
});

/** What the dialects answer with. */
export const DIALECT_COMPONENTS: Readonly<Record<string, Schema>> = {
  AnthropicError: open({
    type: { const: 'error' },
    error: open({ type: TEXT, message: TEXT }),
    request_id: TEXT,
  }),
  AnthropicMessage: open({
    id: TEXT,
    type: { const: 'message' },
    role: { const: 'assistant' },
    model: TEXT,
    content: listOf(BLOCK),
    stop_reason: TEXT,
    stop_sequence: nullable('string'),
    usage: open({ input_tokens: INTEGER, output_tokens: INTEGER }),
  }),
  AnthropicTokens: open({ input_tokens: INTEGER }),

  ResponsesError: open({ error: OPENAI_ERROR }),
  Response: open({
    id: TEXT,
    object: { const: 'response' },
    created_at: INTEGER,
    status: { enum: ['queued', 'in_progress', 'completed', 'incomplete', 'failed', 'cancelled'] },
    error: nullable('object'),
    model: TEXT,
    output: listOf(ref('Item')),
    usage: nullable('object'),
  }),
  Item: ITEM,
  ItemList: open({
    object: { const: 'list' },
    data: listOf(ref('Item')),
    first_id: nullable('string'),
    last_id: nullable('string'),
    has_more: BOOLEAN,
  }),
  InputTokens: open({ object: { const: 'response.input_tokens' }, input_tokens: INTEGER }),
  Compaction: open({
    id: TEXT,
    object: { const: 'response.compaction' },
    created_at: INTEGER,
    output: listOf(ref('Item')),
    usage: OBJECT,
  }),
  Conversation: open({
    id: TEXT,
    object: { const: 'conversation' },
    created_at: INTEGER,
    metadata: OBJECT,
  }),
  Deleted: open({ id: TEXT, object: TEXT, deleted: { const: true } }),

  OllamaError: open({ error: TEXT }),
  OllamaChat: open({ ...ANSWERED, message: open({ role: TEXT, content: TEXT }) }),
  OllamaAnswer: open({ ...ANSWERED, response: TEXT }),
  OllamaVectors: open({ model: TEXT, embeddings: listOf(NUMBERS) }),
  OllamaVector: open({ embedding: NUMBERS }),
  OllamaModels: open({ models: listOf(OLLAMA_MODEL) }),
  OllamaStatus: open({ status: TEXT }),
};
