import type { FullResponse } from './http.js';
import type { OriginRules } from './origin.js';
import type { HttpEngine, HttpServer, RequestHandler, ServerOptions } from './server.js';
import type { SocketEndpoint, UpgradeDecision, UpgradeRequest } from './socket.js';
import type { Tls } from './tls.js';

/** What an engine must know of a path before its first socket. */
export type SocketShape = Omit<SocketEndpoint, 'decide'>;

/** Who may open a socket on a path. */
export interface Doorkeeper extends Pick<SocketEndpoint, 'path'> {
  /** @param isLocal it comes from this machine to an address that only this machine has ({@link OriginRules.isLocal}) */
  decide(request: UpgradeRequest, isLocal: boolean): UpgradeDecision;
}

/** What is behind an open gate. */
export interface Inside {
  readonly handle: RequestHandler;
  /** Those of the paths in {@link GateOptions.shapes}. */
  readonly sockets: readonly Doorkeeper[];
  /** Told too of all that is refused or fails. */
  readonly onFailed?: NonNullable<ServerOptions['onFailed']>;
}

export interface GateOptions extends Pick<ServerOptions, 'onFailed' | 'tls'> {
  readonly engine: HttpEngine;
  readonly origins: OriginRules;
  readonly shapes: readonly SocketShape[];
  /** Answered at the gate, whether there is anything inside or not; null = not one of those. */
  readonly atGate?:
    | ((request: Pick<UpgradeRequest, 'method' | 'path' | 'headers'>) => FullResponse | null)
    | undefined;
  /** What everybody is told while there is nothing inside. */
  readonly outside: (request: Pick<UpgradeRequest, 'path' | 'headers'>) => FullResponse;
}

/** A server that can listen before there is anything behind it. */
export class Gate {
  readonly #server: HttpServer;
  #inside: Inside | null = null;

  constructor({ engine, shapes, atGate, outside, onFailed, ...options }: GateOptions) {
    this.#server = engine.createServer({
      handle: (request, reply) => {
        const answer = atGate?.(request) ?? null;
        if (answer !== null) reply.send(answer);
        else if (this.#inside === null) reply.send(outside(request));
        else this.#inside.handle(request, reply);
      },
      sockets: shapes.map((shape) => ({
        ...shape,
        decide: (request) =>
          this.#inside?.sockets
            .find(({ path }) => path === shape.path)
            ?.decide(request, options.origins.isLocal(request.headers)) ?? {
            kind: 'refuse',
            response: outside(request),
          },
      })),
      onFailed: (request) => {
        onFailed?.(request);
        this.#inside?.onFailed?.(request);
      },
      ...options,
    });
  }

  /** From here on `inside` answers. */
  open(inside: Inside): void {
    this.#inside = inside;
  }

  /** @returns the port. @throws StartupError */
  listen(host: string, port: number): Promise<number> {
    return this.#server.listen(host, port);
  }

  /** False: new connections are refused for now. */
  setAccepting(isAccepting: boolean): void {
    this.#server.setAccepting(isAccepting);
  }

  /** New connections are shown this certificate. */
  renewTls(tls: Tls): void {
    this.#server.renewTls(tls);
  }

  /** Closes the port and every connection. */
  close(): void {
    this.#server.close();
  }
}
