import type { ChatDelta, Usage } from './backend.js';
import { ClientError, messageOf } from './client-error.js';

type Json = Readonly<Record<string, unknown>>;

/**
 * OpenAI's chunks, of a chat or a completion, as {@link ChatDelta}s; the last one is `end`. A whole answer counts as
 * one chunk. @throws ClientError for a chunk that is an error, and for an answer without an end
 */
export async function* deltasOf(chunks: AsyncIterable<unknown>): AsyncGenerator<ChatDelta> {
  let finishReason: string | null = null;
  let usage: Usage | null = null;
  let cachedTokens: number | null = null;
  for await (const value of chunks) {
    const chunk = objectOf(value);
    if ('error' in chunk && chunk['error'] !== null) {
      throw new ClientError(`The server said: ${messageOf(chunk['error']) ?? 'an error'}`);
    }
    const choice = objectOf(listOf(chunk['choices'])[0]);
    yield* textOf(choice);
    finishReason = stringOf(choice['finish_reason']) ?? finishReason;
    usage = usageOf(chunk) ?? usage;
    cachedTokens = cachedIn(chunk) ?? cachedTokens;
  }
  if (finishReason === null) throw new ClientError('The server ended the answer in the middle.');
  yield { kind: 'end', finishReason, usage: usage && { ...usage, cachedTokens } };
}

function* textOf(choice: Json): Generator<ChatDelta> {
  const message = objectOf(choice['delta'] ?? choice['message'] ?? choice);
  const reasoning = stringOf(message['reasoning_content']) ?? stringOf(message['reasoning']) ?? '';
  const text = stringOf(message['content']) ?? stringOf(message['text']) ?? '';
  if (reasoning !== '') yield { kind: 'reasoning', text: reasoning };
  if (text !== '') yield { kind: 'text', text };
}

function usageOf(chunk: Json): Usage | null {
  const usage = objectOf(chunk['usage']);
  const completionTokens = numberOf(usage['completion_tokens']);
  if (completionTokens === null) return null;
  const promptTokens = numberOf(usage['prompt_tokens']) ?? 0;
  return { promptTokens, completionTokens, cachedTokens: null };
}

/** SGLang's own count, or OpenAI's. */
function cachedIn(chunk: Json): number | null {
  const ours = objectOf(objectOf(chunk['sglext'])['cached_tokens_details'])['device'];
  const theirs = objectOf(objectOf(chunk['usage'])['prompt_tokens_details'])['cached_tokens'];
  return numberOf(ours) ?? numberOf(theirs);
}

/** Anything that is no object has no fields. */
export function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

function stringOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
