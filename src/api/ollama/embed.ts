import { randomUUID } from 'node:crypto';

import { refuse } from '../../core/errors.js';
import { answer } from '../../engine/answer.js';
import type { AnswerSink } from '../../engine/answer-sink.js';
import { FieldReader, isStrings } from '../../http/field-reader.js';
import type { Fields } from '../../http/fields.js';
import { fieldOf, parseJsonObject, type JsonObject } from '../../http/json.js';
import type { Handler } from '../../http/router.js';
import { askVectors, type EmbedDeps, type Embedding } from '../embed/embed.js';
import { answerHttp } from '../http-answer.js';
import type { Abilities } from './abilities.js';
import { EMBED_FIELDS, EMBEDDINGS_FIELDS } from './fields.js';
import { isUnload } from './keep-alive.js';
import { modelNameOf, refuseAbility } from './model-name.js';
import { optionsOf } from './options.js';
import { OLLAMA } from './spelling.js';
import { nanoseconds } from './timings.js';

export interface VectorDeps extends EmbedDeps {
  readonly abilities: Abilities;
}

/** What one of the two routes answers with. */
interface VectorAsk {
  readonly texts: readonly string[];
  /** False: a text that is too long is refused. */
  readonly truncates: boolean;
  /** @param arrivedMs when the request came, on the clock of `performance.now` */
  readonly render: (answers: readonly Embedding[], arrivedMs: number) => unknown;
}

/** POST `/api/embed`. */
export function createEmbedHandler(deps: VectorDeps): Handler {
  return createHandler(deps, EMBED_FIELDS, (body, model) => {
    const read = new FieldReader(body, 'INVALID_JSON');
    const dimensions = read.integer('dimensions') ?? 0;
    return {
      texts: textsOf(fieldOf(body, 'input')),
      truncates: read.boolean('truncate') ?? true,
      render: (answers, arrivedMs) => ({
        model,
        embeddings: answers.map(({ values }) => unit(values, dimensions)),
        ...embedMetrics(answers, arrivedMs),
      }),
    };
  });
}

/** POST `/api/embeddings`, the older route of one text: its vector is as the model gives it. */
export function createEmbeddingsHandler(deps: VectorDeps): Handler {
  return createHandler(deps, EMBEDDINGS_FIELDS, (body) => {
    const prompt = new FieldReader(body, 'INVALID_JSON').string('prompt') ?? '';
    return {
      texts: prompt === '' ? [] : [prompt],
      truncates: true,
      render: ([first]) => ({ embedding: Array.from(first?.values ?? []) }),
    };
  });
}

function createHandler(
  deps: VectorDeps,
  fields: Fields,
  parse: (body: JsonObject, model: string) => VectorAsk,
): Handler {
  return (request, reply) => {
    const arrivedMs = performance.now();
    return answerHttp(reply, OLLAMA, async (sink) => {
      const body = parseJsonObject(await request.readBody(), fields);
      const model = modelNameOf(body);
      if (!deps.abilities.embedding) refuseAbility(model, 'embeddings');
      isUnload(fieldOf(body, 'keep_alive'));
      optionsOf(body);
      await answerVectors(parse(body, model), sink, { deps, arrivedMs });
    });
  };
}

async function answerVectors(
  { texts, truncates, render }: VectorAsk,
  sink: AnswerSink,
  { deps, arrivedMs }: { readonly deps: VectorDeps; readonly arrivedMs: number },
): Promise<void> {
  if (texts.length === 0) {
    sink.answer(render([], arrivedMs));
    return;
  }
  const job = {
    sources: texts.map((text) => ({ kind: 'text' as const, text })),
    rids: texts.map(() => randomUUID()),
  };
  const ask = askVectors(job, { ...deps, allowAutoTruncate: truncates }, (answers) =>
    render(answers, arrivedMs),
  );
  await answer(ask, sink, deps.engine);
}

/** No input, and an empty text, ask for nothing but the model's presence. */
function textsOf(input: unknown): readonly string[] {
  if (input === null || input === '') return [];
  if (typeof input === 'string') return [input];
  return isStrings(input) ? input : refuse('invalid input type');
}

/** The first `dimensions` of a vector, all where that is zero or more than it has, of unit length. */
function unit(values: Float32Array, dimensions: number): readonly number[] {
  const cut = Array.from(dimensions > 0 ? values.slice(0, dimensions) : values);
  const norm = Math.hypot(...cut);
  return norm > 0 ? cut.map((value) => value / norm) : cut;
}

function embedMetrics(answers: readonly Embedding[], arrivedMs: number) {
  const totalMs = performance.now() - arrivedMs;
  const longestMs = Math.max(0, ...answers.map(({ latencyMs }) => latencyMs));
  return {
    total_duration: nanoseconds(totalMs),
    load_duration: nanoseconds(totalMs - longestMs),
    prompt_eval_count: answers.reduce((sum, { tokens }) => sum + tokens.length, 0),
  };
}
