import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

import type { FailedRequest } from '../../../src/http/failure-log.js';
import type { HttpReply, HttpRequest } from '../../../src/http/http.js';
import type { Transport } from './engines.js';

interface Answer {
  readonly text: string;
  readonly isClosed: boolean;
}

interface Server {
  /** What was executed: method and path. */
  readonly executed: readonly string[];
  /** What was refused or failed. */
  readonly failed: readonly FailedRequest[];
  /** Writes segments one after the other, and collects what comes until the end or a silence. */
  readonly send: (segments: readonly string[], options?: SendOptions) => Promise<Answer>;
}

export interface SendOptions {
  readonly gapMs?: number;
  readonly silenceMs?: number;
  /** The client says that it will send no more. */
  readonly halfClose?: boolean;
  /** Ends the waiting when the answer ends with it. */
  readonly until?: string;
}

/** A server that answers GET and HEAD at once, and POST with the size of its body. */
export async function openServer(
  t: { teardown(fn: () => void): void },
  transport: Transport,
): Promise<Server> {
  const executed: string[] = [];
  const failed: FailedRequest[] = [];
  const handle = (request: HttpRequest, reply: HttpReply): void => {
    executed.push(`${request.method} ${request.path}`);
    if (request.method !== 'POST') {
      reply.send({ status: 200, body: 'here' });
      return;
    }
    void request.readBody().then(
      (body) => {
        reply.send({ status: 200, body: `${body.length} bytes` });
      },
      () => undefined,
    );
  };
  const server = transport.createServer({
    handle,
    onFailed: (request) => failed.push(request),
  });
  t.teardown(() => {
    server.close();
  });
  const port = await server.listen('127.0.0.1', 0);
  return {
    executed,
    failed,
    send: (segments, options) => sendTo(transport.connect(port), segments, options),
  };
}

/** See {@link Server.send}. */
export function sendTo(
  socket: Socket,
  segments: readonly string[],
  { gapMs = 20, silenceMs = 200, halfClose = false, until }: SendOptions = {},
): Promise<Answer> {
  return new Promise((resolve) => {
    let text = '';
    const finish = (isClosed: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ text, isClosed });
    };
    const timer = setTimeout(
      () => {
        finish(false);
      },
      silenceMs + gapMs * segments.length,
    );
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (until !== undefined && text.endsWith(until)) finish(false);
    });
    socket.on('end', () => {
      finish(true);
    });
    socket.on('error', () => {
      finish(true);
    });
    // Segments that are written earlier would leave together, behind the handshake.
    socket.on(socket instanceof TLSSocket ? 'secureConnect' : 'connect', () => {
      timer.refresh();
      void write();
    });
    const write = async (): Promise<void> => {
      for (const segment of segments) {
        socket.write(segment);
        await new Promise((wait) => setTimeout(wait, gapMs));
      }
      if (halfClose) socket.end();
    };
  });
}

export const HOST = 'Host: localhost\r\n';
