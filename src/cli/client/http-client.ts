import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

import { refused, unreached } from './client-error.js';
import type { Endpoint } from './endpoint.js';
import { jsonOf } from './events.js';

export interface AskOptions {
  readonly signal?: AbortSignal | undefined;
  /** A server that is loading or full is asked again, and this hears what it said. Without it a 503 is an error. */
  readonly onWait?: ((sentence: string) => void) | undefined;
}

interface Question {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body: string | null;
}

/** Longest that a server that says `Retry-After` is waited for. */
const MAX_WAIT_MS = 10 * 60_000;
const MAX_RETRY_AFTER_S = 30;

/** Connections to one server, kept alive: close it at the end. */
export class HttpClient {
  readonly endpoint: Endpoint;
  readonly #agent: HttpAgent;
  readonly #request: typeof httpRequest;

  constructor(endpoint: Endpoint) {
    const isSecure = endpoint.root.startsWith('https:');
    this.endpoint = endpoint;
    this.#agent = isSecure
      ? new HttpsAgent({ keepAlive: true })
      : new HttpAgent({ keepAlive: true });
    this.#request = isSecure ? httpsRequest : httpRequest;
  }

  /** @returns the answer, its status being 200. @throws ClientError, or the signal's reason */
  async get(path: string, options: AskOptions = {}): Promise<IncomingMessage> {
    return this.#ask({ method: 'GET', path, body: null }, options);
  }

  /** @param body JSON text. @throws ClientError, or the signal's reason */
  async post(path: string, body: string, options: AskOptions = {}): Promise<IncomingMessage> {
    return this.#ask({ method: 'POST', path, body }, options);
  }

  async getJson(path: string, options: AskOptions = {}): Promise<unknown> {
    return jsonOf(await this.get(path, options), this.endpoint);
  }

  async postJson(path: string, body: unknown, options: AskOptions = {}): Promise<unknown> {
    return jsonOf(await this.post(path, JSON.stringify(body), options), this.endpoint);
  }

  /** Ends all connections, those with running answers too. */
  close(): void {
    this.#agent.destroy();
  }

  async #ask(question: Question, { signal, onWait }: AskOptions): Promise<IncomingMessage> {
    const end = Date.now() + MAX_WAIT_MS;
    for (;;) {
      const message = await this.#connect(question, signal);
      if (message.statusCode === 200) return message;
      const waitMs = retryAfterMs(message);
      const failure = await refused(message, question.path, this.endpoint);
      if (waitMs === null || onWait === undefined || Date.now() + waitMs > end) throw failure;
      onWait(failure.message);
      await sleep(waitMs, undefined, { signal });
    }
  }

  /** A kept connection may have been closed just now: asked once more over a new one. */
  async #connect(question: Question, signal?: AbortSignal): Promise<IncomingMessage> {
    try {
      return await this.#send(question, signal);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof StaleConnection)) throw unreached(error, this.endpoint);
    }
    try {
      return await this.#send(question, signal);
    } catch (error) {
      signal?.throwIfAborted();
      throw unreached(error instanceof StaleConnection ? error.cause : error, this.endpoint);
    }
  }

  /** One request, whatever its answer. @throws the socket's own error */
  async #send({ method, path, body }: Question, signal?: AbortSignal): Promise<IncomingMessage> {
    const { root, key } = this.endpoint;
    const headers = {
      accept: 'application/json, text/event-stream',
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(body === null
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    };
    return new Promise((resolve, reject) => {
      const options = { method, headers, agent: this.#agent, signal };
      const request = this.#request(`${root}${path}`, options, resolve);
      request.on('error', (error: NodeJS.ErrnoException) => {
        const isStale = request.reusedSocket && /^(?:ECONNRESET|EPIPE)$/.test(error.code ?? '');
        reject(isStale ? new StaleConnection(error) : error);
      });
      request.setNoDelay(true);
      request.end(body ?? undefined);
    });
  }
}

class StaleConnection extends Error {
  constructor(override readonly cause: Error) {
    super(cause.message);
  }
}

/** Null = it does not say that it will be there. */
function retryAfterMs({ statusCode, headers }: IncomingMessage): number | null {
  const seconds = Number(headers['retry-after'] ?? NaN);
  if (statusCode !== 503 || !(seconds >= 0)) return null;
  return 1000 * Math.min(Math.max(seconds, 0.1), MAX_RETRY_AFTER_S);
}
