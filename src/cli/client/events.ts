import type { IncomingMessage } from 'node:http';

import { ClientError, unreached } from './client-error.js';
import type { Endpoint } from './endpoint.js';
import { isDone, SseReader } from './sse.js';

/** The chunks of an answer; a server that does not stream answers with one. @throws ClientError */
export function chunksOf(
  message: IncomingMessage,
  endpoint: Endpoint,
  signal: AbortSignal,
): AsyncIterable<unknown> {
  const isJson = (message.headers['content-type'] ?? '').startsWith('application/json');
  return isJson ? wholeOf(message, endpoint) : eventsOf(message, endpoint, signal);
}

async function* wholeOf(message: IncomingMessage, endpoint: Endpoint): AsyncGenerator {
  yield await jsonOf(message, endpoint);
}

/** A body. @throws ClientError when it is no JSON, or does not come whole */
export async function jsonOf(message: IncomingMessage, endpoint: Endpoint): Promise<unknown> {
  const pieces: Buffer[] = [];
  try {
    for await (const piece of message as AsyncIterable<Buffer>) pieces.push(piece);
  } catch (error) {
    throw unreached(error, endpoint);
  }
  try {
    return JSON.parse(Buffer.concat(pieces).toString()) as unknown;
  } catch {
    throw new ClientError(`${endpoint.name} answers no JSON: does --url name an OpenAI server?`);
  }
}

/** The JSON values of a stream, up to its `[DONE]`. @throws ClientError when the connection breaks */
async function* eventsOf(
  message: IncomingMessage,
  endpoint: Endpoint,
  signal: AbortSignal,
): AsyncGenerator {
  let ready: Buffer[] = [];
  const seen = { isDone: false };
  const reader = new SseReader((data) => ready.push(data));
  const taken = function* (): Generator {
    const events = ready;
    ready = [];
    for (const data of events) {
      seen.isDone ||= isDone(data);
      if (!seen.isDone) yield parsed(data, endpoint);
    }
  };
  try {
    // Beyond `[DONE]` too: a connection that was read to its end is used again.
    for await (const chunk of message as AsyncIterable<Buffer>) {
      reader.push(chunk);
      yield* taken();
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ClientError) throw error;
    if (!seen.isDone) throw interrupted(endpoint);
  }
  reader.end();
  yield* taken();
}

function parsed(data: Buffer, endpoint: Endpoint): unknown {
  try {
    return JSON.parse(data.toString());
  } catch {
    throw new ClientError(`${endpoint.name} sent an event that is no JSON.`);
  }
}

function interrupted({ name }: Endpoint): ClientError {
  return new ClientError(`The server at ${name} was gone in the middle of the answer.`);
}
