import type { Failure } from '../../core/errors.js';
import { isAbort } from '../../core/finish-reason.js';
import type { Generation } from '../../engine/generation.js';
import type { Tokenizer } from '../../text/tokenizer.js';
import { askedCacheInfo } from '../native/cache-info.js';
import type { Item } from './item.js';
import type { ResponsesRequest } from './request.js';

export type ResponseStatus =
  'queued' | 'in_progress' | 'completed' | 'incomplete' | 'failed' | 'cancelled';

export interface ResponseError {
  readonly code: string;
  readonly message: string;
}

export interface ResponseUsage {
  readonly input_tokens: number;
  readonly input_tokens_details: { readonly cached_tokens: number; readonly cache_write_tokens: 0 };
  readonly output_tokens: number;
  readonly output_tokens_details: { readonly reasoning_tokens: number };
  readonly total_tokens: number;
}

/** How far a response is. */
export interface ResponseState {
  readonly status: ResponseStatus;
  readonly output: readonly Item[];
  readonly usage: ResponseUsage | null;
  readonly error: ResponseError | null;
  /** What was asked for beside `usage`. */
  readonly beside: { readonly cache_info?: unknown };
}

/** The response object: every key of OpenAI's and of the Open Responses specification. */
export interface ResponseObject {
  readonly id: string;
  readonly status: ResponseStatus;
  readonly output: readonly Item[];
  readonly [field: string]: unknown;
}

const NOTHING = { output: [], usage: null, error: null, beside: {} } as const;
export const QUEUED: ResponseState = { status: 'queued', ...NOTHING };
export const IN_PROGRESS: ResponseState = { status: 'in_progress', ...NOTHING };

export function responseObject(request: ResponsesRequest, state: ResponseState): ResponseObject {
  const { id, createdAt, shown, conversation } = request;
  const { status, output, usage, error, beside } = state;
  const details = status === 'incomplete' ? { reason: 'max_output_tokens' } : null;
  return {
    id,
    object: 'response',
    created_at: createdAt,
    status,
    completed_at: status === 'completed' ? Math.floor(Date.now() / 1000) : null,
    error,
    incomplete_details: details,
    ...shown,
    conversation: conversation === null ? null : { id: conversation },
    service_tier: 'default',
    output,
    usage,
    ...beside,
  };
}

/** A response as it was when it began. */
export function begunAgain(response: ResponseObject): ResponseObject {
  const { status, output, usage, error } = IN_PROGRESS;
  const shown = Object.entries(response).filter(([name]) => name !== 'cache_info');
  const begun = { status, completed_at: null, error, incomplete_details: null, output, usage };
  return { ...Object.fromEntries(shown), id: response.id, ...begun };
}

/** The event that ends a response. OpenAI has none of its own for what was cancelled. */
export function endType({ status }: ResponseObject): string {
  return status === 'cancelled' ? 'response.incomplete' : `response.${status}`;
}

interface StateParts {
  readonly output: readonly Item[];
  readonly isCancelled: boolean;
  readonly tokenizer: Tokenizer;
}

/** How a sample's end reads as a response's. */
export function stateOf(
  generation: Generation,
  { output, isCancelled, tokenizer }: StateParts,
): ResponseState {
  const { finish } = generation;
  const known = {
    output,
    usage: usageOf(generation),
    error: null,
    beside: askedCacheInfo(generation, tokenizer),
  };
  if (isCancelled) return { status: 'cancelled', ...known };
  if (isAbort(finish)) {
    const error = { code: 'server_error', message: finish.message };
    return { status: 'failed', ...known, error };
  }
  const status = finish?.type === 'length' ? 'incomplete' : 'completed';
  return { status, ...known };
}

/** Of a response that failed with nothing to show. */
export function failedState({ message }: Failure): ResponseState {
  return { status: 'failed', ...NOTHING, error: { code: 'server_error', message } };
}

/** Tokens of a sample. */
export function usageOf(generation: Generation): ResponseUsage {
  const { promptTokens, cachedTokens, reasoningTokens, outputIds } = generation;
  return {
    input_tokens: promptTokens,
    input_tokens_details: { cached_tokens: cachedTokens, cache_write_tokens: 0 },
    output_tokens: outputIds.length,
    output_tokens_details: { reasoning_tokens: reasoningTokens },
    total_tokens: promptTokens + outputIds.length,
  };
}
