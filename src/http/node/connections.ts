import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

import type { ServerOptions } from '../server.js';

/** What Node says of an error, beside its code. */
interface ConnectionError extends Error {
  readonly code?: string | undefined;
  /** Of the parser and of TLS: a few words. */
  readonly reason?: string | undefined;
}

/** What is owed on each connection, and which of them must end. */
export class Connections {
  readonly #numOwed = new WeakMap<Duplex, number>();
  readonly #poisoned = new WeakSet<Duplex>();
  readonly #onFailed: ServerOptions['onFailed'];

  /** @param onFailed told of what never became a request */
  constructor(onFailed: ServerOptions['onFailed']) {
    this.#onFailed = onFailed;
  }

  /** False = nothing behind a request that was in doubt is executed. */
  take({ socket }: IncomingMessage, response: ServerResponse): boolean {
    if (this.#poisoned.has(socket)) return false;
    this.#numOwed.set(socket, this.#owed(socket) + 1);
    response.on('close', () => {
      this.#numOwed.set(socket, this.#owed(socket) - 1);
    });
    return true;
  }

  poison(socket: Duplex): void {
    this.#poisoned.add(socket);
  }

  /** What the parser or TLS cannot read. In the middle of an answer there is no room for another. */
  refuse(error: ConnectionError, socket: Duplex): void {
    // What stands before it is refused already, and ends the connection.
    if (this.#poisoned.has(socket)) return;
    const refusal = refusalOf(error);
    this.#note(error, refusal);
    if (refusal === null || !socket.writable || this.#owed(socket) > 0) socket.destroy();
    else socket.end(textOf(refusal), () => socket.destroy());
  }

  #note(error: ConnectionError, refusal: Refusal | null): void {
    const sentence = refusal === null ? tlsSentence(error) : (refusal.sentence ?? saidBy(error));
    if (sentence === null) return;
    const status = refusal?.status ?? null;
    this.#onFailed?.({ status, method: null, path: null, id: null, sentence });
  }

  #owed(socket: Duplex): number {
    return this.#numOwed.get(socket) ?? 0;
  }
}

interface Refusal {
  readonly status: number;
  readonly title: string;
  readonly body: string;
  /** For the log; null = what the parser says. */
  readonly sentence: string | null;
}

const TOO_LARGE = 'The request header is too large.';
const BAD_REQUEST: Refusal = { status: 400, title: 'Bad Request', body: '', sentence: null };
const REFUSALS: ReadonlyMap<string, Refusal> = new Map([
  [
    'HPE_HEADER_OVERFLOW',
    {
      status: 431,
      title: 'Request Header Fields Too Large',
      body: TOO_LARGE,
      sentence: TOO_LARGE,
    },
  ],
  [
    'ERR_HTTP_REQUEST_TIMEOUT',
    {
      status: 408,
      title: 'Request Timeout',
      body: '',
      sentence: 'The request header did not arrive in time.',
    },
  ],
]);

/** Null = no HTTP is owed to whoever caused it: the connection broke, or TLS did. */
function refusalOf({ code = '' }: ConnectionError): Refusal | null {
  return REFUSALS.get(code) ?? (code.startsWith('HPE_') ? BAD_REQUEST : null);
}

function textOf({ status, title, body }: Refusal): string {
  const head = `HTTP/1.1 ${status} ${title}\r\nContent-Length: ${body.length}`;
  return `${head}\r\nConnection: close\r\n\r\n${body}`;
}

function saidBy({ reason, message }: ConnectionError): string {
  return `The request cannot be read: ${reason ?? message}.`;
}

/** What the client did, where the words of TLS do not say it. */
const TLS_CAUSES: ReadonlyMap<string, string> = new Map([
  ['ERR_SSL_HTTP_REQUEST', 'the client speaks plain HTTP'],
  ['ERR_TLS_HANDSHAKE_TIMEOUT', 'the client did not go on'],
]);

/** Null = the client only left, as those do who ask whether the port is open. */
function tlsSentence({ code = '', reason, message }: ConnectionError): string | null {
  if (!/^ERR_(?:SSL|TLS)_/.test(code)) return null;
  return `TLS failed: ${TLS_CAUSES.get(code) ?? reason ?? message}.`;
}
