/** Node's own `node:http`, with ws for WebSockets: where uWebSockets.js has no binary. */
import { once } from 'node:events';
import {
  createServer as createNodeServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

import { StartupError } from '../../core/errors.js';
import { Front } from '../front.js';
import { MAX_HEADER_BYTES } from '../head.js';
import { NodeExchange } from './exchange.js';
import { parsedOf } from './parsed.js';
import { NodeUpgrades } from './upgrades.js';
import type { HttpEngine, HttpServer, ServerOptions } from '../server.js';

/** As uWebSockets.js has it: for headers to arrive, and between two requests of a connection. */
const QUIET_MS = 10_000;

export const nodeEngine: HttpEngine = { name: 'node', title: 'node:http', createServer };

function createServer(options: ServerOptions): HttpServer {
  const front = new Front(options);
  const upgrades = new NodeUpgrades(front, options.sockets ?? []);
  const settings = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: QUIET_MS,
    keepAliveTimeout: QUIET_MS,
    // Bodies have a time-out of their own (body.ts).
    requestTimeout: 0,
    connectionsCheckingInterval: 1_000,
    noDelay: true,
    // Of Node 22.21, 24.9 and later; on others every upgrade comes to `upgrades`.
    shouldUpgradeCallback: (request: IncomingMessage) => upgrades.takes(request),
  };
  const server = createNodeServer(settings);
  upgrades.serve(server);
  // Node would drop what is above its count, unseen; the bytes are bounded anyway.
  server.maxHeadersCount = 0;
  const connections = new Connections();
  const accept = (request: IncomingMessage, response: ServerResponse, wants = false): void => {
    if (!connections.take(request, response)) return;
    if (request.httpVersionMajor !== 1) {
      connections.poison(request.socket);
      response.writeHead(505, { connection: 'close' }).end();
      return;
    }
    const mayGoOn = front.accept(parsedOf(request), new NodeExchange(request, response, wants));
    if (!mayGoOn) connections.poison(request.socket);
  };
  server.on('request', accept);
  server.on('checkContinue', (request, response) => {
    accept(request, response, true);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    connections.refuse(error, socket);
  });
  return serverOf(server, upgrades);
}

/** What is owed on each connection, and which of them must end. */
class Connections {
  readonly #numOwed = new WeakMap<Duplex, number>();
  readonly #poisoned = new WeakSet<Duplex>();

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

  /** What the parser cannot read. In the middle of an answer there is no room for another. */
  refuse({ code }: NodeJS.ErrnoException, socket: Duplex): void {
    // What stands before it is refused already, and ends the connection.
    if (this.#poisoned.has(socket)) return;
    if (!socket.writable || this.#owed(socket) > 0) {
      socket.destroy();
      return;
    }
    socket.end(REFUSALS.get(code ?? '') ?? BAD_REQUEST, () => socket.destroy());
  }

  #owed(socket: Duplex): number {
    return this.#numOwed.get(socket) ?? 0;
  }
}

const refusal = (status: string, body = ''): string =>
  `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
const BAD_REQUEST = refusal('400 Bad Request');
const REFUSALS: ReadonlyMap<string, string> = new Map([
  [
    'HPE_HEADER_OVERFLOW',
    refusal('431 Request Header Fields Too Large', 'The request header is too large.'),
  ],
  ['ERR_HTTP_REQUEST_TIMEOUT', refusal('408 Request Timeout')],
]);

function serverOf(server: Server, upgrades: NodeUpgrades): HttpServer {
  let address: readonly [host: string, port: number] | null = null;
  const open = async (host: string, port: number): Promise<number> => {
    server.listen({ host, port, exclusive: true });
    try {
      await once(server, 'listening');
    } catch {
      throw new StartupError(`Cannot listen on ${host}:${port}: is the port in use?`);
    }
    address = [host, (server.address() as AddressInfo).port];
    return address[1];
  };
  return {
    listen: open,
    setAccepting: (isAccepting) => {
      if (!isAccepting) server.close();
      else if (!server.listening && address !== null) void open(...address).catch(() => undefined);
    },
    close: () => {
      address = null;
      server.close();
      server.closeAllConnections();
      upgrades.close();
    },
  };
}
