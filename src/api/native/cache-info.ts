/** `cache_info` of an answer: why no more of its prompt came from the prefix cache. */
import type { MissCause } from '../../core/cache-miss.js';
import type { Generation } from '../../engine/generation.js';
import type { AdmittedMiss } from '../../messages.js';
import type { Tokenizer } from '../../text/tokenizer.js';

/** A prompt that ran, or might. */
export type MissedPrompt = Pick<Generation, 'inputIds' | 'promptTokens' | 'cachedTokens'> & {
  readonly miss: AdmittedMiss;
};

export interface CacheInfo {
  readonly cached_tokens: number;
  readonly prompt_tokens: number;
  readonly page_size: number;
  readonly cause: MissCause;
  readonly first_miss: FirstMiss | null;
  readonly message: string;
}

interface FirstMiss {
  /** In tokens of the prompt. */
  readonly position: number;
  readonly token_id: number;
  /** Null with `--skip-tokenizer-init`. */
  readonly text: string | null;
  /** What a cached prompt has there; null = there is none beside it. */
  readonly expected_token_id: number | null;
  readonly expected_text: string | null;
}

/** `cache_info` where the request asked for it, else nothing. */
export function askedCacheInfo(
  generation: Generation,
  tokenizer: Tokenizer | null,
): { readonly cache_info?: unknown } {
  if (!generation.input.req.explainsMiss) return {};
  return { cache_info: cacheInfo(generation, tokenizer) };
}

/** Null of a request that never ran. */
export function cacheInfo(generation: Generation, tokenizer: Tokenizer | null): CacheInfo | null {
  const { miss, inputIds, promptTokens, cachedTokens } = generation;
  if (miss === null) return null;
  return cacheInfoOf({ inputIds, promptTokens, cachedTokens, miss }, tokenizer);
}

export function cacheInfoOf(prompt: MissedPrompt, tokenizer: Tokenizer | null): CacheInfo {
  const { miss, promptTokens, cachedTokens } = prompt;
  const firstMiss = firstMissOf(prompt, tokenizer);
  return {
    cached_tokens: cachedTokens,
    prompt_tokens: promptTokens,
    page_size: miss.pageSizeTokens,
    cause: miss.cause,
    first_miss: firstMiss,
    message: firstMiss === null ? (WHOLE[miss.cause] ?? '') : sentence(miss.cause, firstMiss),
  };
}

function firstMissOf(
  { inputIds, miss: { position, expectedToken } }: MissedPrompt,
  tokenizer: Tokenizer | null,
): FirstMiss | null {
  const token = position === null ? undefined : inputIds[position];
  if (position === null || token === undefined) return null;
  const textOf = (id: number): string | null => tokenizer?.decode([id], false) ?? null;
  return {
    position,
    token_id: token,
    text: textOf(token),
    expected_token_id: expectedToken,
    expected_text: expectedToken === null ? null : textOf(expectedToken),
  };
}

function sentence(cause: MissCause, miss: FirstMiss): string {
  if (miss.expected_token_id === null) return `From token ${miss.position} on: ${WHY[cause]}`;
  const [given, expected] = [
    shown(miss.text, miss.token_id),
    shown(miss.expected_text, miss.expected_token_id),
  ];
  return `The prompt differs from a cached one at token ${miss.position}: ${given} instead of ${expected}.`;
}

function shown(text: string | null, id: number): string {
  return text === null ? `id ${id}` : JSON.stringify(text);
}

/** Where nothing was missed. */
const WHOLE: Partial<Record<MissCause, string>> = {
  none: 'All of the prompt was cached but its last token, which is always computed.',
  less_than_a_page:
    'All whole pages were cached: what is left before the last token, which is always computed, is less than a page.',
};

const WHY: Readonly<Record<MissCause, string>> = {
  none: 'nothing was missed.',
  less_than_a_page: 'less than a page is left.',
  never_seen: 'nothing that is cached goes on like this prompt.',
  evicted:
    'it was cached, and gave its place to newer prompts. --max-total-tokens and --mem-fraction-static make the cache larger.',
  flushed: 'it was cached before the cache was flushed.',
  other_namespace: 'it is cached for another extra_key or cache_salt, or for none.',
  other_device:
    'another device has it cached. routed_dp_rank asks for one; a device with much more to do than the others gets no more.',
  other_weights: 'it was computed with weights that have been replaced since.',
  device_lost: 'it was cached on a device that failed.',
  decode_made:
    'it was cached while an answer was made, which --enable-deterministic-inference does not take for a prompt.',
  in_flight: 'another request was computing it at that moment, too little of it to wait for.',
  input_logprobs:
    'the log-probabilities that were asked for need these tokens computed. A later logprob_start_len leaves more cached.',
  hidden_states:
    'the hidden states that were asked for need these tokens computed. return_hidden_states "last" leaves more cached.',
  cache_disabled: 'the server was started with --disable-radix-cache.',
  recurrent_state:
    "its keys and values are cached, but the state that this model's layers go on from was not kept near here, or had to go. --max-mamba-cache-size keeps more.",
};
