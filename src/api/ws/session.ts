import { tenantOf, type Asker } from '../../engine/asker.js';
import type { AnswerSink } from '../../engine/answer-sink.js';
import { failureFrom, statusOf, type Failure } from '../../core/errors.js';
import { fieldOf, type JsonObject } from '../../http/json.js';
import {
  parseClientMessage,
  type AskMessage,
  type AskOp,
  type ClientMessage,
  type RequestId,
  type WatchMessage,
} from './client-message.js';
import { CLOSE, type SocketLimits } from './limits.js';
import type { FailedMessage, SocketLog } from './socket-log.js';
import { Outlet } from './outlet.js';
import { isKnown, joined, type SocketRights } from './rights.js';
import { SocketAnswer } from './socket-answer.js';
import type { Socket, SocketListener } from '../../http/socket.js';
import type { Watch } from './watch/watch-hub.js';

const NO_REQUESTS = 'Requests need the API key: the admin key alone is good for watching.';

/** What parses, submits and renders the body of each op, as its HTTP route does. @throws RequestError */
export type Answerers = Readonly<
  Record<AskOp, (body: JsonObject, sink: AnswerSink, asker: Asker) => Promise<void>>
>;

export interface SessionOptions {
  readonly limits: SocketLimits;
  readonly answerers: Answerers;
  /** What begins a watch. @throws RequestError */
  readonly watch: (body: JsonObject, sink: AnswerSink, rights: () => SocketRights) => Watch;
  /** What a key is good for. */
  readonly rightsOf: (key: string) => SocketRights;
  /** By the headers of its upgrade; none: the first message must be `auth`. */
  readonly rights: SocketRights;
  /** Who opened the socket, by the headers of its upgrade. */
  readonly asker: Asker;
  readonly log: Pick<SocketLog, 'failed'>;
  /** Told of errors that are bugs. */
  readonly onError: (error: unknown) => void;
  readonly onClose: (session: Session) => void;
}

/** One socket that speaks `radish.v1`: many requests side by side, each by its id. */
export class Session implements SocketListener {
  readonly #socket: Socket;
  readonly #options: SessionOptions;
  readonly #outlet: Outlet;
  /** Requests without their last event; the one served longest ago comes first. */
  readonly #live = new Map<RequestId, SocketAnswer>();
  /** Those of them that show the server's state. */
  readonly #watches = new Map<RequestId, Watch>();
  #authTimer: NodeJS.Timeout | null = null;
  #rights: SocketRights;
  #asker: Asker;

  constructor(socket: Socket, options: SessionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#outlet = new Outlet(socket, options.limits);
    this.#rights = options.rights;
    this.#asker = options.asker;
    if (this.isAuthenticated) return;
    this.#authTimer = setTimeout(() => {
      this.#refuseKey('No auth message came in time.');
    }, options.limits.authTimeoutMs);
  }

  /** False until the key came. */
  get isAuthenticated(): boolean {
    return isKnown(this.#rights);
  }

  onMessage(data: Uint8Array, isBinary: boolean): void {
    if (this.#socket.isClosed) return;
    const { limits } = this.#options;
    const maxBytes = this.isAuthenticated ? limits.maxMessageBytes : limits.maxAuthMessageBytes;
    if (isBinary) {
      this.close(CLOSE.unsupportedData, 'Messages are JSON text.');
    } else if (data.byteLength > maxBytes) {
      this.close(CLOSE.messageTooBig, `A message is at most ${maxBytes} bytes.`);
    } else {
      this.#handle(parseClientMessage(data, limits.maxIdChars));
    }
  }

  /** The longest unserved request first, so that none starves behind a slow reader. */
  onDrain(): void {
    this.#outlet.drained();
    for (const [id, answer] of [...this.#live]) {
      if (!this.#outlet.isWritable) return;
      answer.drained();
      if (this.#live.delete(id)) this.#live.set(id, answer);
    }
  }

  onClose(): void {
    this.#stopAuthTimer();
    this.#outlet.close();
    const answers = [...this.#live.values()];
    this.#live.clear();
    this.#watches.clear();
    for (const answer of answers) answer.leave();
    this.#options.onClose(this);
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  #handle(message: ClientMessage): void {
    if (message.op === 'auth') this.#authenticate(message.key);
    else if (!this.isAuthenticated) this.#refuseKey('The first message must be auth.');
    else if (message.op === 'invalid') this.#refuse(message.id, message.failure);
    else if (message.op === 'cancel') this.#live.get(message.id)?.cancel();
    else if (message.op === 'watch') this.#watch(message);
    else this.#ask(message);
  }

  #authenticate(key: string): void {
    const rights = this.#options.rightsOf(key);
    if (!isKnown(rights)) {
      this.#refuseKey('Unauthorized');
      return;
    }
    this.#rights = joined(this.#rights, rights);
    if (rights.ask) this.#asker = { ...this.#asker, tenant: tenantOf(key) };
    this.#stopAuthTimer();
  }

  /** Under the message's id, unless that is a live request's, which it would end. */
  #refuse(id: RequestId | null, failure: Failure): void {
    const isLive = id !== null && this.#live.has(id);
    this.#writeError(isLive ? null : id, failure);
  }

  /** An error that no live request waits to say. */
  #writeError(id: RequestId | null, failure: Failure): void {
    this.#options.log.failed(messageOf(id, failure));
    this.#outlet.writeError(id, failure);
  }

  #ask({ op, id, body }: AskMessage): void {
    if (!this.#rights.ask) {
      this.#refuse(id, { code: 'UNAUTHORIZED', message: NO_REQUESTS });
      return;
    }
    const answer = this.#newAnswer(id, body);
    if (answer === null) return;
    void this.#options.answerers[op](body, answer, this.#asker).catch((error: unknown) => {
      answer.fail(this.#failureFrom(error));
    });
  }

  /** Another one under the id of a live watch changes what that one shows. */
  #watch({ id, body }: WatchMessage): void {
    const live = this.#watches.get(id);
    const answer = live === undefined ? this.#newAnswer(id, body) : null;
    try {
      if (live !== undefined) live.change(body);
      else if (answer !== null) {
        this.#watches.set(
          id,
          this.#options.watch(body, answer, () => this.#rights),
        );
      }
    } catch (error) {
      const failure = this.#failureFrom(error);
      if (answer === null) this.#refuse(id, failure);
      else answer.fail(failure);
    }
  }

  /** Null: it is refused. */
  #newAnswer(id: RequestId, body: JsonObject): SocketAnswer | null {
    if (this.#live.has(id)) {
      const message = 'This id is in use on this socket.';
      this.#writeError(null, { code: 'INVALID_REQUEST', message: `${message} id: ${id}` });
      return null;
    }
    const { maxLiveRequests } = this.#options.limits;
    if (this.#live.size >= maxLiveRequests) {
      const message = `At most ${maxLiveRequests} requests may be live on one socket.`;
      this.#writeError(id, { code: 'QUEUE_FULL', message });
      return null;
    }
    const answer = new SocketAnswer(id, this.#outlet, {
      onEnd: () => {
        this.#live.delete(id);
        this.#watches.delete(id);
      },
      onFailed: (failure) => {
        this.#options.log.failed({ ...messageOf(id, failure), rid: ridOf(body) });
      },
    });
    this.#live.set(id, answer);
    return answer;
  }

  /** What is not the client's fault is logged. */
  #failureFrom(error: unknown): Failure {
    const failure = failureFrom(error);
    if (failure.code === 'INTERNAL') this.#options.onError(error);
    return failure;
  }

  #refuseKey(reason: string): void {
    this.close(CLOSE.unauthorized, reason);
  }

  #stopAuthTimer(): void {
    if (this.#authTimer !== null) clearTimeout(this.#authTimer);
    this.#authTimer = null;
  }
}

function messageOf(name: RequestId | null, { code, message }: Failure): FailedMessage {
  return { name, status: statusOf(code), sentence: message };
}

/** The client's own; of several texts the first one's. */
function ridOf(body: JsonObject): string | null {
  const rid = fieldOf(body, 'rid');
  const first: unknown = Array.isArray(rid) ? rid[0] : rid;
  return typeof first === 'string' ? first : null;
}
