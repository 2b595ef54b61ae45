import type { EmbedSequence } from '../../core/batch.js';
import { refuse } from '../../core/errors.js';
import type { Tokenizer } from '../../text/tokenizer.js';
import type { ServedModel } from '../../engine/served-model.js';

/** What one vector is asked of. */
export type EmbedSource =
  | { readonly kind: 'text'; readonly text: string }
  /** Two texts that a cross-encoder reads together. */
  | { readonly kind: 'pair'; readonly first: string; readonly second: string }
  | { readonly kind: 'ids'; readonly ids: readonly number[] };

/** What tokenizing texts for an embedding model takes. */
export interface TokenizeDeps {
  readonly model: ServedModel;
  /** Tokenizes a long text off the main thread. */
  readonly tokenizeLong: (text: string, addSpecialTokens?: boolean) => Promise<Int32Array>;
  /** `--allow-auto-truncate`: cut instead of refusing. */
  readonly allowAutoTruncate: boolean;
}

/** Requests with more text than this are tokenized off the main thread. */
const LONG_TEXT_CHARS = 32 * 1024;

/** @throws RequestError when a source does not fit the model, with SGLang's message */
export function tokenizeSources(
  sources: readonly EmbedSource[],
  deps: TokenizeDeps,
): Promise<EmbedSequence[]> {
  const isLong = sources.reduce((sum, source) => sum + numChars(source), 0) > LONG_TEXT_CHARS;
  return Promise.all(
    sources.map(async (source) => fit(await sequenceOf(source, deps, isLong), deps)),
  );
}

function numChars(source: EmbedSource): number {
  if (source.kind === 'text') return source.text.length;
  return source.kind === 'pair' ? source.first.length + source.second.length : 0;
}

async function sequenceOf(
  source: EmbedSource,
  deps: TokenizeDeps,
  isLong: boolean,
): Promise<EmbedSequence> {
  if (source.kind === 'ids') return { tokens: checkIds(source.ids, deps), tokenTypes: null };
  const tokenizer = needTokenizer(deps);
  const encode = (text: string, special: boolean): Int32Array | Promise<Int32Array> =>
    isLong ? deps.tokenizeLong(text, special) : tokenizer.encode(text, special);
  if (source.kind === 'text') {
    return { tokens: await encode(source.text, true), tokenTypes: null };
  }
  const first = await encode(source.first, false);
  const { ids, typeIds } = tokenizer.joinPair(first, await encode(source.second, false));
  return { tokens: ids, tokenTypes: typeIds.some((type) => type !== 0) ? typeIds : null };
}

function checkIds(ids: readonly number[], { model }: TokenizeDeps): Int32Array {
  const { vocabSize } = model.spec;
  const outside = ids.find((id) => id < 0 || id >= vocabSize);
  if (outside !== undefined) {
    refuse(
      `input_ids contains out-of-vocabulary token id ${outside}; valid range is [0, ${vocabSize}).`,
    );
  }
  return Int32Array.from(ids);
}

function fit({ tokens, tokenTypes }: EmbedSequence, deps: TokenizeDeps): EmbedSequence {
  const { contextLength } = deps.model.spec;
  if (tokens.length === 0) refuse('The prompt is empty: it must have at least one token.');
  if (tokens.length < contextLength) return { tokens, tokenTypes };
  if (deps.allowAutoTruncate) {
    const cut = tokens.slice(0, contextLength - 1);
    return { tokens: cut, tokenTypes: tokenTypes?.slice(0, cut.length) ?? null };
  }
  return refuse(
    `The input (${tokens.length} tokens) is longer than the model's context length (${contextLength} tokens).`,
  );
}

function needTokenizer({ model }: TokenizeDeps): Tokenizer {
  return (
    model.tokenizer ??
    refuse(
      'The engine initialized with skip_tokenizer_init=True cannot accept text prompts. Please provide input_ids or re-initialize the engine with skip_tokenizer_init=False.',
    )
  );
}
