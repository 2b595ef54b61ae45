import type { EmbeddingSpec } from '../../core/model-spec.js';
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
    embedding: isCrossEncoder(embeddingOf(model)) ? values[0] : Array.from(values),
    ...(request.returnPromptTokenIds ? { prompt_token_ids: Array.from(answer.tokens) } : {}),
    meta_info: metaInfo(answer, deps),
  };
}

/** `meta_info` of one text: the keys of `/generate` that are not about new tokens. */
export function metaInfo(
  { rid, tokens, weightsEpoch, latencyMs }: Embedding,
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

/** One score for a pair of texts, read from the first token: SGLang gives it as a bare number. */
export function isCrossEncoder({ kind, pooling, dim }: EmbeddingSpec): boolean {
  return kind === 'classification' && pooling.includes('cls') && dim === 1;
}
