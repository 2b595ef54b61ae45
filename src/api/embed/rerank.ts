import { refuse, refuseBody } from '../../core/errors.js';
import type { FieldReader } from '../../http/field-reader.js';
import { isStrings } from '../../http/field-reader.js';
import { fieldOf, isObject, type JsonObject } from '../../http/json.js';
import { answer } from '../../engine/answer.js';
import type { AnswerSink } from '../../engine/answer-sink.js';
import type { EmbedAsk } from '../../engine/ask.js';
import type { GenerateDeps } from '../native/generate.js';
import { askVectors, embeddingOf, type EmbedDeps } from './embed.js';
import { isCrossEncoder, metaInfo } from './encode.js';
import { askJudge, judgeOf } from './judge.js';
import { ridsOf } from './openai-route.js';
import type { RerankRequest, Scored } from './scored.js';

/** What reranking needs: pairs are read together, or judged by a model that generates. */
export interface RerankDeps {
  readonly embed: EmbedDeps;
  readonly generation: GenerateDeps;
}

/**
 * POST and PUT `/v1/rerank`: the documents by descending score. That is the cross-encoder's logit, through
 * a sigmoid only where the checkpoint's config.json says so, or the probability of a model that judges, as in SGLang.
 */
export async function rerank(read: FieldReader, sink: AnswerSink, deps: RerankDeps): Promise<void> {
  const request = checkRerank(read, read.raw('documents'));
  const returnsDocuments = read.boolean('return_documents') ?? true;
  const render = (scored: readonly Scored[]) =>
    scored.slice(0, request.topN).map(({ index, score, answer }) => ({
      score,
      ...(returnsDocuments ? { document: request.documents[index] } : {}),
      index,
      meta_info: metaInfo(answer, deps.embed),
    }));
  await answerScored(read, request, deps, { sink, render });
}

interface ScoredShow {
  readonly sink: AnswerSink;
  readonly render: (scored: readonly Scored[], judged: boolean) => unknown;
}

/** Scores every document against the query, by the model's own way; `render` gets the best first. @throws RequestError */
export async function answerScored(
  read: FieldReader,
  request: RerankRequest,
  { embed, generation }: RerankDeps,
  { sink, render }: ScoredShow,
): Promise<void> {
  const judge = await judgeOf(embed.model);
  const { engine } = embed;
  if (judge === null) {
    const ask = askPairs(read, request, embed, (scored) => render(scored, false));
    await answer(ask, sink, engine);
    return;
  }
  const ask = askJudge(request, judge, generation, (scored) => render(scored, true));
  await answer(ask, sink, engine);
}

/** A cross-encoder reads query and document together. @throws RequestError */
function askPairs(
  read: FieldReader,
  { query, documents }: RerankRequest,
  deps: EmbedDeps,
  render: (scored: readonly Scored[]) => unknown,
): EmbedAsk {
  if (!isCrossEncoder(embeddingOf(deps.model))) {
    refuse(
      `Model '${deps.model.weights.modelPath}' does not score pairs of texts: /v1/rerank needs a cross-encoder.`,
    );
  }
  const sources = documents.map((second) => ({ kind: 'pair' as const, first: query, second }));
  return askVectors({ sources, rids: ridsOf(read, sources.length) }, deps, (answers) => {
    const scored = answers.map((answer, index) => ({
      index,
      score: answer.values[0] ?? 0,
      answer,
    }));
    return render(scored.sort((a, b) => b.score - a.score));
  });
}

/** What every rerank route reads. @throws RequestError */
export function checkRerank(read: FieldReader, documents: unknown): RerankRequest {
  const query = queryText(read.raw('query'));
  if (query === null) return refuseBody('query: Field required');
  if (!isStrings(documents)) return refuseBody('documents must be a list of strings.');
  const topN = read.integer('top_n');
  if (topN !== null && topN < 1) refuseBody(`top_n must be at least 1, got ${topN}.`);
  if (query === '') refuse('Query cannot be empty');
  if (query.trim() === '') refuse('Query cannot be empty or whitespace only');
  if (documents.length === 0) refuse('Documents cannot be empty');
  for (const document of documents) {
    if (document === '') refuse('Each document must be a non-empty string');
    if (document.trim() === '') refuse('Each document cannot be empty or whitespace only');
  }
  const instruct = read.string('instruct');
  return { query, documents, topN: topN ?? Infinity, instruct: instruct === '' ? null : instruct };
}

/** A text, or content parts that are all text. */
function queryText(query: unknown): string | null {
  if (query === null || typeof query === 'string') return query;
  if (!Array.isArray(query) || !query.every(isObject)) {
    return refuseBody('query must be a string or a list of content parts.');
  }
  return query.map(partText).join('');
}

function partText(part: JsonObject): string {
  const type = fieldOf(part, 'type');
  const text = fieldOf(part, 'text');
  if (type !== 'text') refuse('query has a part that is no text, but this model takes only text.');
  return typeof text === 'string' ? text : refuseBody('a text part of query must have a text.');
}
