import { randomUUID } from 'node:crypto';

import { refuse, refuseBody } from '../../core/errors.js';
import type { EmbedAsk } from '../../engine/ask.js';
import type { EmbedSource } from '../../engine/prepare-texts.js';
import type { FieldReader } from '../../http/field-reader.js';
import { isIntegers, isStrings } from '../../http/field-reader.js';
import { askVectors, embeddingOf, type EmbedDeps } from './embed.js';

/** A token of the vocabulary, and how much of it a text has. */
export interface TokenWeight {
  readonly index: number;
  readonly value: number;
}

/** POST `/embed_sparse`: of each text the tokens of the vocabulary that it weighs, as text-embeddings-inference answers. */
export function askSparse(read: FieldReader, deps: EmbedDeps): EmbedAsk {
  const { model } = deps;
  if (embeddingOf(model).kind !== 'sparse') {
    refuse(
      `Model '${model.weights.modelPath}' does not make sparse vectors: /embed_sparse needs a SPLADE model.`,
    );
  }
  const sources = sourcesOf(read.raw('inputs'));
  const allowAutoTruncate = (read.boolean('truncate') ?? false) || deps.allowAutoTruncate;
  const rids = sources.map(() => randomUUID());
  return askVectors({ sources, rids }, { ...deps, allowAutoTruncate }, (answers) =>
    answers.map(({ values }) => weightsOf(values)),
  );
}

/** What is not 0 of a weight for each token of the vocabulary. */
export function weightsOf(values: Float32Array): readonly TokenWeight[] {
  return [...values].flatMap((value, index) => (value === 0 ? [] : [{ index, value }]));
}

/** A text or token ids, or a list of either. */
function sourcesOf(inputs: unknown): readonly EmbedSource[] {
  if (typeof inputs === 'string') return [{ kind: 'text', text: inputs }];
  if (isStrings(inputs)) {
    if (inputs.length === 0) refuse('inputs cannot be empty');
    return inputs.map((text) => ({ kind: 'text', text }));
  }
  if (Array.isArray(inputs) && inputs.length > 0 && inputs.every(isIntegers)) {
    return inputs.map((ids) => ({ kind: 'ids', ids }));
  }
  return refuseBody('inputs must be a text, a list of texts, or a list of lists of token ids.');
}
