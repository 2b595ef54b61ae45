import { ServerResponse, type IncomingMessage, type Server } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';

import { WebSocketServer, type WebSocket } from 'ws';

import type { Front, FrontDecision, ParsedRequest } from '../front.js';
import { NodeExchange } from './exchange.js';
import { NodeSocket } from './socket.js';
import { parsedOf } from './parsed.js';
import type { SocketEndpoint, UpgradeDecision } from '../socket.js';

/** Upgrades of a server of `node:http`: to WebSockets on the endpoints' paths, and of nothing else. */
export class NodeUpgrades {
  readonly #front: Front;
  readonly #endpoints: ReadonlyMap<string, EndpointServers>;

  constructor(front: Front, endpoints: readonly SocketEndpoint[]) {
    this.#front = front;
    this.#endpoints = new Map(endpoints.map((one) => [one.path, new EndpointServers(one, front)]));
  }

  /** Whether there is anything to upgrade to: any other request is a plain one. */
  takes(request: IncomingMessage): boolean {
    return this.#serversFor(request) !== undefined;
  }

  /** Upgrades what the server hands over. */
  serve(server: Server): void {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on('error', () => undefined);
      if (!(socket instanceof Socket)) return;
      const servers = this.#serversFor(request);
      if (servers === undefined) replay({ request, socket, head }, server);
      else this.#upgrade({ request, socket, head }, servers);
    });
  }

  /** Cuts every socket. */
  close(): void {
    for (const servers of this.#endpoints.values()) servers.close();
  }

  #serversFor(request: IncomingMessage): EndpointServers | undefined {
    return isWebSocket(request) ? this.#endpoints.get(parsedOf(request).path) : undefined;
  }

  #upgrade(upgrade: Upgrade, servers: EndpointServers): void {
    const parsed = parsedOf(upgrade.request);
    const decision = this.#front.decide(parsed, servers.endpoint);
    if (decision.kind === 'accept') servers.accept(decision, upgrade);
    else this.#refuse(parsed, upgrade, decision);
  }

  #refuse(
    parsed: ParsedRequest,
    { request, socket }: Upgrade,
    { response }: UpgradeDecision & { kind: 'refuse' },
  ): void {
    const answer = new ServerResponse(request);
    answer.shouldKeepAlive = false;
    answer.assignSocket(socket);
    answer.on('finish', () => socket.end());
    this.#front.refuse(parsed, new NodeExchange(request, answer), response);
  }
}

/**
 * A client may offer what nobody has to take (Java's offers h2c with every request): it is read once more, as the
 * plain request that it is without the offer. Nodes that ask `shouldUpgradeCallback` first never come here.
 */
function replay({ request, socket, head }: Upgrade, server: Server): void {
  const { method, url, httpVersion, rawHeaders } = request;
  const lines = [`${method ?? ''} ${url ?? ''} HTTP/${httpVersion}`];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name = '', value = ''] = rawHeaders.slice(i, i + 2);
    const kept = name.toLowerCase() === 'connection' ? withoutOffer(value) : value;
    if (!OFFER.has(name.toLowerCase())) lines.push(`${name}: ${kept}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  // On that of a TLS server a handshake would begin.
  server.emit(socket instanceof TLSSocket ? 'secureConnection' : 'connection', socket);
}

const OFFER: ReadonlySet<string> = new Set(['upgrade', 'http2-settings']);

/** `keep-alive, Upgrade` → `keep-alive` */
function withoutOffer(connection: string): string {
  const names = connection.split(',').map((name) => name.trim());
  return names.filter((name) => !OFFER.has(name.toLowerCase())).join(', ');
}

function isWebSocket({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';
}

interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  readonly head: Buffer;
}

type Accepted = FrontDecision & { kind: 'accept' };

/** The sockets of one endpoint. The library has one largest message a server. */
class EndpointServers {
  readonly endpoint: SocketEndpoint;
  readonly #servers: Readonly<Record<'small' | 'large', WebSocketServer>>;
  readonly #front: Front;
  /** Asked for within {@link accept}. */
  #accepted: Accepted | null = null;

  constructor(endpoint: SocketEndpoint, front: Front) {
    this.endpoint = endpoint;
    this.#front = front;
    this.#servers = {
      small: this.#serverFor(endpoint.smallPayloadBytes),
      large: this.#serverFor(endpoint.maxPayloadBytes),
    };
  }

  accept(accepted: Accepted, { request, socket, head }: Upgrade): void {
    this.#accepted = accepted;
    const server = this.#servers[accepted.isSmall ? 'small' : 'large'];
    server.handleUpgrade(request, socket, head, (ws: WebSocket) => {
      const opened = new NodeSocket(ws, this.endpoint);
      ws.on('error', (error) => {
        this.#noteCut(accepted, error);
      });
      opened.listen(accepted.open(opened));
    });
  }

  close(): void {
    for (const server of Object.values(this.#servers)) {
      for (const ws of server.clients) ws.terminate();
      server.close();
    }
  }

  #serverFor(maxPayload: number): WebSocketServer {
    const server = new WebSocketServer({
      noServer: true,
      maxPayload,
      // It would cost a window per socket, and time on the thread that serves all of them.
      perMessageDeflate: false,
      autoPong: false,
      handleProtocols: () => this.#accepted?.protocol ?? false,
    });
    return server.on('headers', (headers) => {
      if (this.#accepted !== null) headers.push(`x-request-id: ${this.#accepted.id}`);
    });
  }

  /** Only what breaks the protocol has such a code: else the connection broke. */
  #noteCut({ id }: Accepted, { code = '', message }: NodeJS.ErrnoException): void {
    if (!code.startsWith('WS_ERR_')) return;
    const sentence = `${message.replace(/^Invalid WebSocket frame: /, '')}.`;
    this.#front.noteCut({ path: this.endpoint.path, id }, CLOSE_CODES.get(code) ?? 1002, sentence);
  }
}

/** What the library closes with: 1002 for all others. */
const CLOSE_CODES: ReadonlyMap<string, number> = new Map([
  ['WS_ERR_INVALID_UTF8', 1007],
  ['WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 1009],
]);
