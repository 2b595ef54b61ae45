import type { AuthCheck } from '../../http/auth.js';
import type { FailedRequest } from '../../http/failure-log.js';
import type { Doorkeeper } from '../../http/gate.js';
import type { Socket, SocketListener, UpgradeDecision, UpgradeRequest } from '../../http/socket.js';
import { askerOf } from '../asker.js';
import { SOCKET_LIMITS } from '../ws/limits.js';
import { SocketLog } from '../ws/socket-log.js';
import { isVersion13, OpenSockets, upgradeRequired } from '../ws/open-sockets.js';
import { responsesError } from './errors.js';
import type { ResponsesDeps } from './prepare.js';
import { ResponsesSession } from './socket-session.js';

export const RESPONSES_PATH = '/v1/responses';

export interface SocketCounts {
  /** Open sockets; one more is closed with 1013. */
  readonly maxSockets: number;
  /** Those of them that may send messages of a MiB; later ones 64 KiB. 64 * 1.06 MiB + 192 * 128 KiB = 92 MiB. */
  readonly maxLarge: number;
}

export const RESPONSES_SOCKETS: SocketCounts = { maxSockets: 256, maxLarge: 64 };

export interface ResponsesSocketsOptions {
  readonly deps: ResponsesDeps;
  readonly isAllowed: AuthCheck;
  /** Told of what is refused or fails on an open socket. */
  readonly onFailed: (request: FailedRequest) => void;
  readonly counts?: SocketCounts;
}

/** `/v1/responses` as a WebSocket. Its bounds are those of `/ws`, but that its key comes with the upgrade. */
export class ResponsesSockets implements Doorkeeper {
  readonly path = RESPONSES_PATH;
  readonly #deps: ResponsesDeps;
  readonly #isAllowed: AuthCheck;
  readonly #onFailed: ResponsesSocketsOptions['onFailed'];
  readonly #counts: SocketCounts;
  readonly #sockets: OpenSockets<ResponsesSession>;

  constructor({ deps, isAllowed, onFailed, counts = RESPONSES_SOCKETS }: ResponsesSocketsOptions) {
    this.#deps = deps;
    this.#isAllowed = isAllowed;
    this.#onFailed = onFailed;
    this.#counts = counts;
    this.#sockets = new OpenSockets(counts.maxLarge);
  }

  decide(request: UpgradeRequest): UpgradeDecision {
    if (!this.#isAllowed('key', request)) {
      const response = responsesError({ code: 'UNAUTHORIZED', message: 'Unauthorized' });
      return { kind: 'refuse', response };
    }
    if (!isVersion13(request)) return { kind: 'refuse', response: upgradeRequired() };
    const isSmall = this.#sockets.isNextSmall;
    const open = (socket: Socket): SocketListener => this.#open(socket, request, isSmall);
    return { kind: 'accept', isSmall, protocol: null, open };
  }

  /** The server goes away. */
  closeAll(): void {
    this.#sockets.closeAll();
  }

  #open(socket: Socket, request: UpgradeRequest, isSmall: boolean): SocketListener {
    const { maxMessageBytes, smallMessageBytes } = SOCKET_LIMITS;
    const log = new SocketLog(request, this.#onFailed);
    const session = new ResponsesSession(log.watch(socket), {
      log,
      asker: askerOf(request, null),
      deps: this.#deps,
      maxMessageBytes: isSmall ? smallMessageBytes : maxMessageBytes,
      onClose: (closed) => {
        this.#sockets.delete(closed);
      },
    });
    this.#sockets.add(session, isSmall);
    if (this.#sockets.size > this.#counts.maxSockets) this.#sockets.refuse(session);
    return session;
  }
}
