import { ClientError } from './client-error.js';
import { listOf, objectOf } from './deltas.js';
import type { AskOptions, HttpClient } from './http-client.js';

/** What a server says of its models. */
export interface ServedModels {
  /** In its order. */
  readonly names: readonly string[];
  /** Whether it is SGLang, or speaks as SGLang does: it takes more fields than OpenAI's. */
  readonly isSglang: boolean;
}

/** Asks `/v1/models`; a server without that route has no names. @throws ClientError, or the signal's reason */
export async function servedModels(
  client: HttpClient,
  options: AskOptions = {},
): Promise<ServedModels> {
  try {
    const models = listOf(objectOf(await client.getJson('/v1/models', options))['data']);
    const cards = models.map(objectOf);
    return {
      names: cards.flatMap(({ id }) => (typeof id === 'string' ? [id] : [])),
      isSglang: cards.some((card) => card['owned_by'] === 'sglang'),
    };
  } catch (error) {
    if (error instanceof ClientError && (error.status === 404 || error.status === 405)) {
      return { names: [], isSglang: false };
    }
    throw error;
  }
}
