import { RequestError } from '../../core/errors.js';
import type { EmbeddingSpec } from '../../core/model-spec.js';
import type { Embedding } from '../embed-calls.js';
import type { Engine } from '../engine.js';
import type { HttpReply } from '../http.js';
import type { ServedModel } from '../model.js';
import { tokenizeSources, type EmbedSource } from './sources.js';

/** What the embedding routes need of the server. */
export interface EmbedDeps {
  readonly engine: Engine;
  readonly model: ServedModel;
  /** Tokenizes a long text off the main thread. */
  readonly tokenizeLong: (text: string, addSpecialTokens?: boolean) => Promise<Int32Array>;
  /** `--allow-auto-truncate`: cut instead of refusing. */
  readonly allowAutoTruncate: boolean;
}

/** What one request asks of the model, whatever its route. */
export interface EmbedJob {
  readonly sources: readonly EmbedSource[];
  /** One per source. */
  readonly rids: readonly string[];
}

/** Texts that one request may bring. */
const MAX_TEXTS = 4096;

/** The one path of all embedding routes: tokenize, submit, wait. @throws RequestError */
export async function embed(
  { sources, rids }: EmbedJob,
  reply: HttpReply,
  deps: EmbedDeps,
): Promise<readonly Embedding[]> {
  if (sources.length > MAX_TEXTS) {
    const message = `A request may bring at most ${MAX_TEXTS} texts, got ${sources.length}.`;
    throw new RequestError('INVALID_REQUEST', message);
  }
  const texts = await tokenizeSources(sources, deps);
  return deps.engine.embed(
    texts.map((text, i) => ({ ...text, rid: rids[i] ?? '' })),
    (abort) => {
      reply.onClientLeft(abort);
    },
  );
}

const NOT_EMBEDDING =
  'This model does not appear to be an embedding model by default. Please add `--is-embedding` when launching the server or try another model.';

/** @throws RequestError on a generation model, in SGLang's words */
export function embeddingOf(model: ServedModel): EmbeddingSpec {
  const { embedding } = model.spec;
  if (embedding === null) throw new RequestError('INVALID_REQUEST', NOT_EMBEDDING);
  return embedding;
}
