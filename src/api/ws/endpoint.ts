import type { Doorkeeper } from '../../http/gate.js';
import type { Asker } from '../../engine/asker.js';
import { askerOf } from '../asker.js';
import type { FailedRequest } from '../../http/failure-log.js';
import { errorResponse } from '../../http/error-response.js';
import { plainResponse, type FullResponse } from '../../http/http.js';
import type { Route } from '../../http/router.js';
import { SOCKET_LIMITS, type SocketLimits } from './limits.js';
import { isVersion13, OpenSockets, upgradeRequired } from './open-sockets.js';
import { isKnown, type RightsRules, type SocketRights } from './rights.js';
import { SocketLog } from './socket-log.js';
import { Session, type Answerers, type SessionOptions } from './session.js';
import type { Socket, SocketListener, UpgradeDecision, UpgradeRequest } from '../../http/socket.js';

export const WS_PATH = '/ws';
const SUBPROTOCOL = 'radish.v1';
const WHAT = `This is a WebSocket, subprotocol ${SUBPROTOCOL}.`;

export interface WsOptions {
  readonly rights: RightsRules;
  readonly watch: SessionOptions['watch'];
  readonly answerers: Answerers;
  readonly onError: SessionOptions['onError'];
  /** Told of what is refused or fails on an open socket. */
  readonly onFailed: (request: FailedRequest) => void;
  readonly limits?: SocketLimits;
}

/** `/ws`: every open socket has its session here. */
export class WsEndpoint implements Doorkeeper {
  readonly path = WS_PATH;
  readonly #options: WsOptions;
  readonly #limits: SocketLimits;
  readonly #sockets: OpenSockets<Session>;

  constructor(options: WsOptions) {
    this.#options = options;
    this.#limits = options.limits ?? SOCKET_LIMITS;
    this.#sockets = new OpenSockets(this.#limits.maxLargeSockets);
  }

  /** Origins are judged as with HTTP, before this is asked. No cookie is ever read. */
  decide(request: UpgradeRequest, isLocal: boolean): UpgradeDecision {
    const { headers } = request;
    if (!isVersion13(request)) return refuse(upgradeRequired(WHAT));
    const rights = this.#options.rights.ofRequest(request, isLocal);
    if (!isKnown(rights) && bringsKey(headers)) {
      return refuse(errorResponse({ code: 'UNAUTHORIZED', message: 'Unauthorized' }));
    }
    const offered = headers.get('sec-websocket-protocol');
    if (offered !== undefined && !offered.split(',').some((name) => name.trim() === SUBPROTOCOL)) {
      return refuse(plainResponse(400, `The subprotocol here is ${SUBPROTOCOL}.`));
    }
    const protocol = offered === undefined ? null : SUBPROTOCOL;
    const isSmall = this.#sockets.isNextSmall;
    const asker = askerOf(request, null);
    const log = new SocketLog(request, this.#options.onFailed);
    const open = (socket: Socket): SocketListener =>
      this.#open(log.watch(socket), { rights, asker, isSmall, log });
    return { kind: 'accept', isSmall, protocol, open };
  }

  /** The server goes away. */
  closeAll(): void {
    this.#sockets.closeAll();
  }

  #open(socket: Socket, { rights, asker, isSmall, log }: Opening): SocketListener {
    const { smallMessageBytes } = this.#limits;
    const session = new Session(socket, {
      limits: isSmall ? { ...this.#limits, maxMessageBytes: smallMessageBytes } : this.#limits,
      answerers: this.#options.answerers,
      watch: this.#options.watch,
      rightsOf: (key) => this.#options.rights.ofKey(key),
      rights,
      asker,
      log,
      onError: this.#options.onError,
      onClose: (closed) => {
        this.#sockets.delete(closed);
      },
    });
    this.#sockets.add(session, isSmall);
    const { maxSockets, maxUnknownSockets } = this.#limits;
    const isTooMany = this.#sockets.size > maxSockets || this.#numUnknown() > maxUnknownSockets;
    if (isTooMany) this.#sockets.refuse(session);
    return session;
  }

  #numUnknown(): number {
    return this.#sockets.sessions.filter(({ isAuthenticated }) => !isAuthenticated).length;
  }
}

interface Opening {
  readonly rights: SocketRights;
  readonly asker: Asker;
  readonly isSmall: boolean;
  readonly log: SocketLog;
}

/** What `/ws` says to plain HTTP. */
export const wsRoute: Route = {
  methods: ['GET'],
  path: WS_PATH,
  access: 'key',
  handler: (_request, reply) => {
    reply.send(upgradeRequired(WHAT));
  },
};

function bringsKey(headers: UpgradeRequest['headers']): boolean {
  return headers.has('authorization') || headers.has('x-api-key');
}

function refuse(response: FullResponse): UpgradeDecision {
  return { kind: 'refuse', response };
}
