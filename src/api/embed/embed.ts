import { RequestError } from '../../core/errors.js';
import { isAbort } from '../../core/finish-reason.js';
import type { EmbeddingSpec } from '../../core/model-spec.js';
import { askEmbed, type EmbedAsk } from '../../engine/ask.js';
import type { EmbedRequest, EmbedRequestInput } from '../../engine/embed-request.js';
import type { Engine } from '../../engine/engine.js';
import {
  prepareTexts,
  type EmbedSource,
  type PrepareTextsDeps,
} from '../../engine/prepare-texts.js';
import type { ServedModel } from '../../engine/served-model.js';
import type { Unobserved } from '../../observability/engine-events.js';

/** What the embedding routes need of the server. */
export interface EmbedDeps extends PrepareTextsDeps {
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
  /** `[dim]`: a pooled vector, or the logits of a classification head; `[tokens, dim]` of one that labels tokens. */
  readonly values: Float32Array;
  /** Which weights computed them. */
  readonly weightsEpoch: number | null;
  /** From submission to the answer. */
  readonly latencyMs: number;
}

/** What all embedding routes ask: a vector a text, or an error when any of them has none. */
export function askVectors(
  { sources, rids, isUnmetered = false, isUnlogged = false }: EmbedJob,
  deps: EmbedDeps,
  render: (answers: readonly Embedding[]) => unknown,
): EmbedAsk {
  const prepare = async (): Promise<readonly EmbedRequestInput[]> => {
    const sequences = await prepareTexts(sources, deps);
    return sequences.map((sequence, i) => {
      const req = { ...sequence, rid: rids[i] ?? '' };
      return { req, isUnmetered, isUnlogged };
    });
  };
  return askEmbed(rids, prepare, {
    mode: 'whole',
    render: (requests) => render(requests.map(embeddingFrom)),
    isFatal: isAbort,
  });
}

function embeddingFrom(request: EmbedRequest): Embedding {
  const { rid, inputIds, vector, weightsEpoch, createdMs, finishedMs } = request;
  if (vector === null) throw new RequestError('DEVICE_FAILED', 'The device gave no vector.');
  const latencyMs = (finishedMs ?? createdMs) - createdMs;
  return { rid, tokens: inputIds, values: vector, weightsEpoch, latencyMs };
}

const NOT_EMBEDDING =
  'This model does not appear to be an embedding model by default. Please add `--is-embedding` when launching the server or try another model.';

/** @throws RequestError on a generation model, in SGLang's words */
export function embeddingOf(model: ServedModel): EmbeddingSpec {
  const { embedding } = model.spec;
  if (embedding === null) throw new RequestError('INVALID_REQUEST', NOT_EMBEDDING);
  return embedding;
}
