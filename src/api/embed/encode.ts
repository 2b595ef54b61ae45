import { isPerToken, type EmbeddingSpec } from '../../core/model-spec.js';
import { answer } from '../../engine/answer.js';
import { errorResponse } from '../../http/error-response.js';
import { parseJsonObject } from '../../http/json.js';
import type { Handler } from '../../http/router.js';
import { checkDimensions, shorten } from './dimensions.js';
import { answerHttp, type FailureSpelling } from '../http-answer.js';
import { NATIVE_SPELLING } from '../native/spelling.js';
import { askVectors, embeddingOf, type EmbedDeps, type Embedding } from './embed.js';
import { ENCODE_FIELDS } from './fields.js';
import { parseEncodeRequest, type EncodeRequest } from './encode-request.js';
import { weightsOf } from './sparse.js';

/** A refused or failed text looks alike here, as on SGLang's `/encode`. */
const SPELLING: FailureSpelling = { ...NATIVE_SPELLING, failed: errorResponse };

/** POST and PUT `/encode`, and `/classify`, which SGLang answers alike. */
export function createEncodeHandler(deps: EmbedDeps): Handler {
  return (httpRequest, reply) =>
    answerHttp(reply, SPELLING, async (sink) => {
      const body = parseJsonObject(await httpRequest.readBody(), ENCODE_FIELDS);
      embeddingOf(deps.model);
      const request = parseEncodeRequest(body);
      checkDimensions(request.dimensions, deps.model);
      const ask = askVectors(request, deps, (answers) => {
        const objects = answers.map((one) => renderEncoded(one, request, deps));
        return request.isBatch ? objects : objects[0];
      });
      await answer(ask, sink, deps.engine);
    });
}

function renderEncoded(answer: Embedding, request: EncodeRequest, deps: EmbedDeps): unknown {
  const { model } = deps;
  const values = shorten(answer.values, request.dimensions, model);
  return {
    embedding: shownVector(values, embeddingOf(model)),
    ...(request.returnPromptTokenIds ? { prompt_token_ids: Array.from(answer.tokens) } : {}),
    meta_info: metaInfo(answer, deps),
  };
}

/** A bare number of a cross-encoder, rows of one that labels tokens, weights by token id of a sparse one. */
function shownVector(values: Float32Array, spec: EmbeddingSpec): unknown {
  if (isCrossEncoder(spec)) return values[0];
  if (isPerToken(spec)) return rowsOf(values, spec.dim);
  if (spec.kind !== 'sparse') return Array.from(values);
  return Object.fromEntries(weightsOf(values).map(({ index, value }) => [index, value]));
}

/** `[tokens][dim]` */
export function rowsOf(values: Float32Array, dim: number): number[][] {
  return Array.from({ length: values.length / dim }, (_, token) =>
    Array.from(values.subarray(token * dim, (token + 1) * dim)),
  );
}

/** `meta_info` of one text: the keys of `/generate` that are not about new tokens. */
export function metaInfo(
  { rid, tokens, weightsEpoch, latencyMs }: Omit<Embedding, 'values'>,
  { model }: EmbedDeps,
) {
  return {
    id: rid,
    finish_reason: { type: 'length', length: 0 },
    prompt_tokens: tokens.length,
    weight_version: model.weights.versionOf(weightsEpoch),
    num_retractions: 0,
    e2e_latency: latencyMs / 1000,
  };
}

/**
 * One score for a pair of texts, which SGLang gives as a bare number. A score that is read from the last token is a reward of
 * one text.
 */
export function isCrossEncoder({ kind, pooling, dim }: EmbeddingSpec): boolean {
  const isOfPair = !pooling.includes('last') && !pooling.includes('tokens');
  return kind === 'classification' && isOfPair && dim === 1;
}
