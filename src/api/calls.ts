import { answer } from '../engine/answer.js';
import type { AnswerSink } from '../engine/answer-sink.js';
import { NOBODY } from '../engine/asker.js';
import { FieldReader } from '../http/field-reader.js';
import type { Fields } from '../http/fields.js';
import type { JsonObject } from '../http/json.js';
import type { EmbedAsk } from '../engine/ask.js';
import { askClassify } from './embed/classify.js';
import type { EmbedDeps } from './embed/embed.js';
import { askEmbeddings } from './embed/embeddings.js';
import { CLASSIFY_FIELDS, EMBEDDINGS_FIELDS, RERANK_FIELDS } from './embed/fields.js';
import { rerank } from './embed/rerank.js';
import { GENERATE_FIELDS } from './native/generate-fields.js';
import { generate, type GenerateDeps } from './native/generate.js';
import { CHAT_FIELDS } from './openai/fields.js';
import type { OpenAiAnswerers } from './openai/routes.js';

export type CallName = 'generate' | 'chat' | 'embed' | 'rerank' | 'classify';

/** What one route does with its body, without HTTP. */
export interface Call {
  /** What is read of the body. */
  readonly fields: Fields;
  /** @throws RequestError before its acceptance */
  readonly answer: (body: JsonObject, sink: AnswerSink) => Promise<void>;
}

export type Calls = Readonly<Record<CallName, Call>>;

export interface CallParts {
  readonly generation: GenerateDeps;
  readonly openAi: OpenAiAnswerers;
  readonly embed: EmbedDeps;
}

/** `/generate`, `/v1/chat/completions`, `/v1/embeddings`, `/v1/rerank` and `/v1/classify` for this process itself. */
export function callsOf({ generation, openAi, embed }: CallParts): Calls {
  const vectors =
    (ask: (read: FieldReader, deps: EmbedDeps) => EmbedAsk): Call['answer'] =>
    (body, sink) =>
      answer(ask(new FieldReader(body, 'INVALID_JSON'), embed), sink, embed.engine);
  return {
    generate: {
      fields: GENERATE_FIELDS,
      answer: (body, sink) => generate(body, sink, generation, NOBODY),
    },
    chat: { fields: CHAT_FIELDS, answer: (body, sink) => openAi.chat(body, sink, NOBODY) },
    embed: { fields: EMBEDDINGS_FIELDS, answer: vectors(askEmbeddings) },
    rerank: {
      fields: RERANK_FIELDS,
      answer: (body, sink) =>
        rerank(new FieldReader(body, 'INVALID_JSON'), sink, { embed, generation }),
    },
    classify: { fields: CLASSIFY_FIELDS, answer: vectors(askClassify) },
  };
}
