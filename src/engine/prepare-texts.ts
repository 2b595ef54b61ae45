import type { EmbedSequence } from '../core/batch.js';
import { refuse, refuseLong } from '../core/errors.js';
import { checkTextLengths, encoderFor, type EncodeDeps, type Encoder } from './encode.js';
import type { ServedModel } from './served-model.js';

/** What one vector is asked of. */
export type EmbedSource =
  | { readonly kind: 'text'; readonly text: string }
  /** Two texts that a cross-encoder reads together. */
  | { readonly kind: 'pair'; readonly first: string; readonly second: string }
  | { readonly kind: 'ids'; readonly ids: readonly number[] };

export interface PrepareTextsDeps extends Pick<EncodeDeps, 'encodeQueue'> {
  readonly model: ServedModel;
  /** `--allow-auto-truncate`: cut instead of refusing. */
  readonly allowAutoTruncate: boolean;
}

/** Texts that one request may bring. */
export const MAX_TEXTS = 4096;

/** Tokenizes and fits the texts of one request to an embedding model. @throws RequestError, in SGLang's words */
export async function prepareTexts(
  sources: readonly EmbedSource[],
  deps: PrepareTextsDeps,
): Promise<readonly EmbedSequence[]> {
  if (sources.length > MAX_TEXTS) {
    refuse(`A request may bring at most ${MAX_TEXTS} texts, got ${sources.length}.`);
  }
  const { tokenizer, spec } = deps.model;
  const { contextLength } = spec;
  const { allowAutoTruncate, encodeQueue } = deps;
  checkTextLengths(sources.map(charsOf), tokenizer, { contextLength, allowAutoTruncate });
  const encoder = encoderFor({ tokenizer, encodeQueue });
  return Promise.all(
    sources.map(async (source) => fit(await sequenceOf(source, encoder, deps), deps)),
  );
}

function charsOf(source: EmbedSource): number {
  if (source.kind === 'text') return source.text.length;
  return source.kind === 'pair' ? source.first.length + source.second.length : 0;
}

async function sequenceOf(
  source: EmbedSource,
  encoder: Encoder,
  { model }: PrepareTextsDeps,
): Promise<EmbedSequence> {
  switch (source.kind) {
    case 'ids':
      return { tokens: checkIds(source.ids, model.spec.vocabSize), tokenTypes: null };
    case 'text':
      return { tokens: await encoder.text(source.text, true), tokenTypes: null };
    case 'pair': {
      const { ids, typeIds } = await encoder.pair(source.first, source.second);
      return { tokens: ids, tokenTypes: typeIds.some((type) => type !== 0) ? typeIds : null };
    }
  }
}

function checkIds(ids: readonly number[], vocabSize: number): Int32Array {
  const outside = ids.find((id) => id < 0 || id >= vocabSize);
  if (outside !== undefined) {
    refuse(
      `input_ids contains out-of-vocabulary token id ${outside}; valid range is [0, ${vocabSize}).`,
    );
  }
  return Int32Array.from(ids);
}

function fit({ tokens, tokenTypes }: EmbedSequence, deps: PrepareTextsDeps): EmbedSequence {
  const { contextLength } = deps.model.spec;
  if (tokens.length === 0) refuse('The prompt is empty: it must have at least one token.');
  if (tokens.length < contextLength) return { tokens, tokenTypes };
  if (deps.allowAutoTruncate) {
    const cut = tokens.slice(0, contextLength - 1);
    return { tokens: cut, tokenTypes: tokenTypes?.slice(0, cut.length) ?? null };
  }
  return refuseLong(
    `The input (${tokens.length} tokens) is longer than the model's context length (${contextLength} tokens).`,
  );
}
