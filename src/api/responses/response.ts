import type { Failure } from '../../core/errors.js';
import { isAbort } from '../../core/finish-reason.js';
import type { Generation } from '../../engine/generation.js';
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
}

/** The response object: every key of OpenAI's and of the Open Responses specification. */
export interface ResponseObject {
  readonly id: string;
  readonly status: ResponseStatus;
  readonly output: readonly Item[];
  readonly [field: string]: unknown;
}

export const QUEUED: ResponseState = { status: 'queued', output: [], usage: null, error: null };
export const IN_PROGRESS: ResponseState = { ...QUEUED, status: 'in_progress' };

export function responseObject(request: ResponsesRequest, state: ResponseState): ResponseObject {
  const { id, createdAt, shown, conversation } = request;
  const { status, output, usage, error } = state;
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
  };
}

/** The event that ends a response. OpenAI has none of its own for what was cancelled. */
export function endType({ status }: ResponseObject): string {
  return status === 'cancelled' ? 'response.incomplete' : `response.${status}`;
}

/** How a sample's end reads as a response's. */
export function stateOf(
  generation: Generation,
  output: readonly Item[],
  isCancelled: boolean,
): ResponseState {
  const { finish } = generation;
  const usage = usageOf(generation);
  if (isCancelled) return { status: 'cancelled', output, usage, error: null };
  if (isAbort(finish)) {
    const error = { code: 'server_error', message: finish.message };
    return { status: 'failed', output, usage, error };
  }
  const status = finish?.type === 'length' ? 'incomplete' : 'completed';
  return { status, output, usage, error: null };
}

/** Of a response that failed with nothing to show. */
export function failedState({ message }: Failure): ResponseState {
  return { status: 'failed', output: [], usage: null, error: { code: 'server_error', message } };
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
