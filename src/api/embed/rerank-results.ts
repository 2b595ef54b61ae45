import type { EmbeddingSpec } from '../../core/model-spec.js';
import type { FieldReader } from '../../http/field-reader.js';
import { fieldOf, isObject } from '../../http/json.js';
import type { AnswerSink } from '../../engine/answer-sink.js';
import type { EmbedDeps } from './embed.js';
import { answerScored, checkRerank, type RerankDeps } from './rerank.js';
import type { Scored } from './scored.js';

/** Whose shape the answer has: Cohere's API of 2, or Jina's, which vLLM, llama.cpp and others share. */
export type RerankDialect = 'cohere' | 'jina';

/**
 * POST `/v2/rerank` and `/rerank`: `results` by descending `relevance_score`, which is a probability, as clients of
 * both expect: the cross-encoder's logit through a sigmoid, unless the checkpoint has put it through one itself, or the
 * probability of a model that judges.
 */
export async function rerankResults(
  read: FieldReader,
  sink: AnswerSink,
  deps: RerankDeps,
  dialect: RerankDialect,
): Promise<void> {
  const documents = read.raw('documents');
  const request = checkRerank(read, Array.isArray(documents) ? documents.map(textOf) : documents);
  const returnsDocuments = read.boolean('return_documents') ?? dialect === 'jina';
  const squashes = deps.embed.model.spec.embedding?.squashes ?? false;
  const render = (scored: readonly Scored[], judged: boolean) => {
    const results = scored.map(({ index, score }) => ({
      index,
      relevance_score: probability(score, squashes || judged),
      ...(returnsDocuments ? { document: { text: request.documents[index] } } : {}),
    }));
    const outer = envelope(dialect, read, scored, deps.embed);
    return { ...outer, results: results.slice(0, request.topN) };
  };
  await answerScored(read, request, deps, { sink, render });
}

/** A document of Cohere's may be an object; only its text is read. */
function textOf(document: unknown): unknown {
  return isObject(document) ? fieldOf(document, 'text') : document;
}

function probability(score: number, squashes: EmbeddingSpec['squashes']): number {
  return squashes ? score : 1 / (1 + Math.exp(-score));
}

function envelope(
  dialect: RerankDialect,
  read: FieldReader,
  scored: readonly Scored[],
  { model }: EmbedDeps,
): Readonly<Record<string, unknown>> {
  const id = scored[0]?.answer.rid ?? '';
  if (dialect === 'cohere') {
    return { id, meta: { api_version: { version: '2' }, billed_units: { search_units: 1 } } };
  }
  const tokens = scored.reduce((sum, { answer }) => sum + answer.tokens.length, 0);
  return {
    id,
    object: 'list',
    model: read.string('model') ?? model.servedName,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}
