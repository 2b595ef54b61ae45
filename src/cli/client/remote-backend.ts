import type { AnswerOptions, ChatBackend, ChatDelta, ChatMessage } from './backend.js';
import { ClientError } from './client-error.js';
import { deltasOf } from './deltas.js';
import type { Endpoint } from './endpoint.js';
import { chunksOf } from './events.js';
import { HttpClient, type AskOptions } from './http-client.js';
import { servedModels } from './models.js';

export interface RemoteOptions extends AskOptions {
  /** Null = the first one that the server names. */
  readonly model: string | null;
}

/** Meets a server, waiting for it while it loads. @throws ClientError, or the signal's reason */
export async function connect(
  endpoint: Endpoint,
  { model, ...asking }: RemoteOptions,
): Promise<ChatBackend> {
  const client = new HttpClient(endpoint);
  try {
    const { names, isSglang } = await servedModels(client, asking);
    const chosen = model ?? names[0];
    if (chosen === undefined) {
      throw new ClientError(`${endpoint.name} names no model: say which one with --model.`);
    }
    return new RemoteBackend(client, chosen, isSglang);
  } catch (error) {
    client.close();
    throw error;
  }
}

/** Any server that speaks as OpenAI's does. */
class RemoteBackend implements ChatBackend {
  readonly #client: HttpClient;
  readonly #model: string;
  readonly #isSglang: boolean;

  constructor(client: HttpClient, model: string, isSglang: boolean) {
    this.#client = client;
    this.#model = model;
    this.#isSglang = isSglang;
  }

  chat(
    messages: readonly ChatMessage[],
    options: AnswerOptions,
    signal: AbortSignal,
  ): AsyncIterable<ChatDelta> {
    return this.#answer('/v1/chat/completions', options, { own: { messages }, signal });
  }

  complete(prompt: string, options: AnswerOptions, signal: AbortSignal): AsyncIterable<ChatDelta> {
    return this.#answer('/v1/completions', options, { own: { prompt }, signal });
  }

  describe(): string {
    return `${this.#model} at ${this.#client.endpoint.name}`;
  }

  async close(): Promise<void> {
    this.#client.close();
    return Promise.resolve();
  }

  async *#answer(
    path: string,
    options: AnswerOptions,
    { own, signal }: { readonly own: object; readonly signal: AbortSignal },
  ): AsyncGenerator<ChatDelta> {
    const body = {
      model: this.#model,
      ...own,
      ...options.fields,
      stream: true,
      stream_options: { include_usage: true },
      // Others may refuse a field that they do not know.
      ...(this.#isSglang ? { return_cached_tokens_details: true } : {}),
    };
    const asking = { signal, onWait: options.onWait };
    const answer = await this.#client.post(path, JSON.stringify(body), asking);
    yield* deltasOf(chunksOf(answer, this.#client.endpoint, signal));
  }
}
