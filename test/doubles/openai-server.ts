import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it came. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Parsed; null without one. */
  readonly body: Readonly<Record<string, unknown>>;
}

export type Answer = (response: ServerResponse, request: Received) => unknown;

export interface ScriptedServer {
  readonly url: string;
  /** In the order of their arrival. */
  readonly received: readonly Received[];
  close(): Promise<void>;
}

/** A server that answers as told: `METHOD /path` → answer; the rest is a 404. */
export async function scriptedServer(
  answers: Readonly<Record<string, Answer>>,
): Promise<ScriptedServer> {
  const received: Received[] = [];
  const server = createServer((message, response) => {
    void read(message).then((request) => {
      received.push(request);
      const answer = answers[`${request.method} ${request.path}`];
      if (answer === undefined) json({ detail: 'Not Found' }, 404)(response, request);
      else answer(response, request);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function read(message: IncomingMessage): Promise<Received> {
  const pieces: Buffer[] = [];
  for await (const piece of message as AsyncIterable<Buffer>) pieces.push(piece);
  const text = Buffer.concat(pieces).toString();
  return {
    method: message.method ?? '',
    path: message.url ?? '',
    headers: message.headers,
    body: (text === '' ? {} : JSON.parse(text)) as Received['body'],
  };
}

export function json(
  value: unknown,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(value));
  };
}

/** Server-sent events, whole, with `[DONE]` at the end. */
export function events(...values: readonly unknown[]): Answer {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const value of values) response.write(frame(value));
    response.end('data: [DONE]\n\n');
  };
}

export function frame(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

/** A chunk of a chat. */
export function delta(fields: object, finishReason: string | null = null): object {
  return { choices: [{ index: 0, delta: fields, finish_reason: finishReason }], usage: null };
}

export function usage(promptTokens: number, completionTokens: number): object {
  const counts = { prompt_tokens: promptTokens, completion_tokens: completionTokens };
  return { choices: [], usage: counts };
}

/** A chat that says `text`, a word an event. */
export function saying(text: string): Answer {
  const words = text.split(/(?<= )/);
  return events(
    delta({ role: 'assistant', content: '' }),
    ...words.map((content) => delta({ content })),
    delta({}, 'stop'),
    usage(7, words.length),
  );
}

export const ONE_MODEL = json({ object: 'list', data: [{ id: 'small', owned_by: 'somebody' }] });

/** Each answer once, in their order; the last one for ever. */
export function inTurn(...answers: readonly [Answer, ...Answer[]]): Answer {
  let index = 0;
  return (response, request) => {
    const answer = answers[Math.min(index++, answers.length - 1)] ?? answers[0];
    answer(response, request);
  };
}
