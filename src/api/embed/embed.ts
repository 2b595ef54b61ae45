import { RequestError } from '../../core/errors.js';
import type { EmbeddingSpec } from '../../core/model-spec.js';
import type { Unobserved } from '../../observability/engine-events.js';
import type { EmbedRequest } from '../../engine/embed-request.js';
import type { Engine } from '../../engine/engine.js';
import type { HttpReply } from '../../http/http.js';
import type { ServedModel } from '../../engine/served-model.js';
import { abortAll, errorOf, isAbort, settled } from '../../engine/settle.js';
import { tokenizeSources, type EmbedSource, type TokenizeDeps } from './sources.js';

/** What the embedding routes need of the server. */
export interface EmbedDeps extends TokenizeDeps {
  readonly engine: Engine;
}

/** What one request asks of the model, whatever its route. */
export interface EmbedJob extends Unobserved {
  readonly sources: readonly EmbedSource[];
  /** One per source. */
  readonly rids: readonly string[];
}

/** The model's answer to one text. */
export interface Embedding {
  readonly rid: string;
  /** What was read, special tokens included. */
  readonly tokens: Int32Array;
  /** `[dim]`: a pooled vector, or the logits of a classification head. */
  readonly values: Float32Array;
  /** From submission to the answer. */
  readonly latencyMs: number;
}

/** Texts that one request may bring. */
const MAX_TEXTS = 4096;

/** The one path of all embedding routes: tokenize, submit, wait. @throws RequestError */
export async function embed(
  { sources, rids, isUnmetered = false, isUnlogged = false }: EmbedJob,
  reply: HttpReply,
  deps: EmbedDeps,
): Promise<readonly Embedding[]> {
  if (sources.length > MAX_TEXTS) {
    const message = `A request may bring at most ${MAX_TEXTS} texts, got ${sources.length}.`;
    throw new RequestError('INVALID_REQUEST', message);
  }
  const { engine } = deps;
  const texts = await tokenizeSources(sources, deps);
  const inputs = texts.map((text, i) => ({
    req: { ...text, rid: rids[i] ?? '' },
    isUnmetered,
    isUnlogged,
  }));
  const requests = await engine.embed(inputs, (submitted) => {
    reply.onClientLeft(() => {
      abortAll(engine, submitted);
    });
  });
  const failure = await settled(requests, isAbort);
  if (failure !== null) {
    abortAll(engine, requests);
    throw errorOf(failure);
  }
  return requests.map(embeddingFrom);
}

function embeddingFrom({ rid, inputIds, vector, createdMs, finishedMs }: EmbedRequest): Embedding {
  if (vector === null) throw new RequestError('DEVICE_FAILED', 'The device gave no vector.');
  return {
    rid,
    tokens: inputIds,
    values: vector,
    latencyMs: (finishedMs ?? createdMs) - createdMs,
  };
}

const NOT_EMBEDDING =
  'This model does not appear to be an embedding model by default. Please add `--is-embedding` when launching the server or try another model.';

/** @throws RequestError on a generation model, in SGLang's words */
export function embeddingOf(model: ServedModel): EmbeddingSpec {
  const { embedding } = model.spec;
  if (embedding === null) throw new RequestError('INVALID_REQUEST', NOT_EMBEDDING);
  return embedding;
}
