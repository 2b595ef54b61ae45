/** Node's own `node:http` and `node:https`, with ws for WebSockets: where uWebSockets.js cannot serve. */
import { once } from 'node:events';
import {
  createServer as createPlainServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';

import { StartupError } from '../../core/errors.js';
import { Front } from '../front.js';
import { MAX_HEADER_BYTES } from '../head.js';
import { requestIdOf } from '../request-id.js';
import { secureOptions, type Tls } from '../tls.js';
import { Connections } from './connections.js';
import { NodeExchange } from './exchange.js';
import { boundHandshakes } from './handshakes.js';
import { parsedOf } from './parsed.js';
import { NodeUpgrades } from './upgrades.js';
import type { FailedRequest } from '../failure-log.js';
import type { HttpEngine, HttpServer, ServerOptions } from '../server.js';

/** As uWebSockets.js has it: for a handshake, for headers to arrive, and between two requests of a connection. */
const QUIET_MS = 10_000;

export const nodeEngine: HttpEngine = {
  name: 'node',
  title: 'node:http',
  createServer,
};

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
    // It is refused below, where the log hears of it.
    requireHostHeader: false,
    // Of Node 22.21, 24.9 and later; on others every upgrade comes to `upgrades`.
    shouldUpgradeCallback: (request: IncomingMessage) => upgrades.takes(request),
  };
  const { tls, onFailed } = options;
  const server =
    tls === undefined ? createPlainServer(settings) : tlsServer(tls, settings, onFailed);
  upgrades.serve(server);
  // Node would drop what is above its count, unseen; the bytes are bounded anyway.
  server.maxHeadersCount = 0;
  const connections = new Connections(onFailed);
  const accept = (request: IncomingMessage, response: ServerResponse, wants = false): void => {
    if (!connections.take(request, response)) return;
    const failed = refusalOf(request);
    if (failed !== null) {
      connections.poison(request.socket);
      response.writeHead(failed.status, { connection: 'close', 'content-length': 0 }).end();
      onFailed?.(failed);
      return;
    }
    const mayGoOn = front.accept(parsedOf(request), new NodeExchange(request, response, wants));
    if (!mayGoOn) connections.poison(request.socket);
  };
  server.on('request', accept);
  server.on('checkExpectation', accept);
  server.on('checkContinue', (request, response) => {
    accept(request, response, true);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    connections.refuse(error, socket);
  });
  return serverOf(server, upgrades);
}

function tlsServer(
  tls: Tls,
  settings: ServerSettings,
  onFailed: ServerOptions['onFailed'],
): Server {
  const options = { ...settings, ...secureOptions(tls), handshakeTimeout: QUIET_MS };
  const server = createTlsServer(options);
  boundHandshakes(server, () => {
    onFailed?.({ status: null, method: null, path: null, id: null, sentence: TOO_MANY });
  });
  return server;
}

const TOO_MANY = 'TLS failed: too many unfinished handshakes; the oldest was given up.';

type ServerSettings = NonNullable<Parameters<typeof createPlainServer>[0]> & object;

/** What Node would pass, or answer without a word to anybody. */
const UNFIT: readonly (readonly [
  isBroken: (request: IncomingMessage) => boolean,
  status: number,
  sentence: string,
])[] = [
  [({ httpVersionMajor }) => httpVersionMajor !== 1, 505, 'HTTP/1.1 is spoken here.'],
  [isWithoutHost, 400, 'The request has no Host.'],
  [
    ({ headers }) => !isContinue(headers.expect ?? CONTINUE),
    417,
    'Nothing but 100-continue can be expected.',
  ],
];
const CONTINUE = '100-continue';

function refusalOf(request: IncomingMessage): (FailedRequest & { readonly status: number }) | null {
  const broken = UNFIT.find(([isBroken]) => isBroken(request));
  if (broken === undefined) return null;
  const [, status, sentence] = broken;
  const { method, path, fields } = parsedOf(request);
  return { status, method, path, id: requestIdOf(new Map(fields)), sentence };
}

function isWithoutHost({ httpVersionMinor, headers }: IncomingMessage): boolean {
  return httpVersionMinor > 0 && headers.host === undefined;
}

function isContinue(expect: string): boolean {
  return expect.toLowerCase() === CONTINUE;
}

function serverOf(server: Server, upgrades: NodeUpgrades): HttpServer {
  let address: readonly [host: string, port: number] | null = null;
  // Node's own list has none whose handshake is not done.
  const connections = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
  });
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
    renewTls: (tls) => {
      if (server instanceof TlsServer) server.setSecureContext(secureOptions(tls));
    },
    close: () => {
      address = null;
      server.close();
      server.closeAllConnections();
      upgrades.close();
      for (const socket of connections) socket.destroy();
    },
  };
}
