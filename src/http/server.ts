/** A server as the rest of the program sees it, whichever engine is beneath. */
import type { FailedRequest } from './failure-log.js';
import type { HttpReply, HttpRequest } from './http.js';
import type { OriginRules } from './origin.js';
import type { SocketEndpoint } from './socket.js';
import type { Tls } from './tls.js';

export interface HttpServer {
  /** @returns the port, which matters when 0 was asked. @throws StartupError */
  listen(host: string, port: number): Promise<number>;
  /** False: new connections are refused, and open ones go on, until it is true again. */
  setAccepting(isAccepting: boolean): void;
  /** New connections are shown this certificate, open ones keep theirs. Of a server over TLS. */
  renewTls(tls: Tls): void;
  /** Closes everything. */
  close(): void;
}

/** Handles one request; must answer or keep `reply`, and read the body before it first waits. */
export type RequestHandler = (request: HttpRequest, reply: HttpReply) => void;

export interface ServerOptions {
  readonly handle: RequestHandler;
  /** Paths that WebSockets can be opened on. */
  readonly sockets?: readonly SocketEndpoint[];
  /** Left out: everybody may ask, and no page reads the answer. */
  readonly origins?: OriginRules;
  /** Told of every request that was refused or failed, if it is told why. */
  readonly onFailed?: (request: FailedRequest) => void;
  /** Left out: plain HTTP. Of `node:https` alone. */
  readonly tls?: Tls | undefined;
}

/** What is asked of a server over TLS. */
export interface TlsNeeds {
  readonly tls: Tls;
  /** {@link HttpServer.renewTls} will be called. */
  readonly isRenewed: boolean;
}

/** A library that can serve. */
export interface HttpEngine {
  readonly name: 'uws' | 'node';
  /** As people know it. */
  readonly title: string;
  createServer(options: ServerOptions): HttpServer;
}
