import type { FailedRequest } from '../../http/failure-log.js';
import type { Socket, UpgradeRequest } from '../../http/socket.js';
import { CLOSE } from './limits.js';

/** What one message was answered with. */
export interface FailedMessage {
  /** What the client named it by; null = nothing. */
  readonly name: string | number | null;
  /** HTTP's. */
  readonly status: number;
  readonly sentence: string;
  readonly rid?: string | null;
}

/** A line of the log for each failure on one socket, under the `x-request-id` of its upgrade. */
export class SocketLog {
  readonly #upgrade: Pick<UpgradeRequest, 'path' | 'id'>;
  readonly #note: (request: FailedRequest) => void;

  constructor(
    upgrade: Pick<UpgradeRequest, 'path' | 'id'>,
    note: (request: FailedRequest) => void,
  ) {
    this.#upgrade = upgrade;
    this.#note = note;
  }

  failed({ name, status, sentence, rid = null }: FailedMessage): void {
    const { path, id } = this.#upgrade;
    // As JSON, so that `1` and `"1"` are two, and a space belongs to a name.
    const named = name === null ? id : `${id}#${JSON.stringify(name)}`;
    this.#note({ status, method: 'WS', path, id: named, rid, sentence });
  }

  /** The socket, whose closing by this side is told of, but for the end of the server. */
  watch(socket: Socket): Socket {
    return new WatchedSocket(socket, (code, sentence) => {
      if (code !== CLOSE.goingAway) this.failed({ name: null, status: code, sentence });
    });
  }
}

class WatchedSocket implements Socket {
  readonly #socket: Socket;
  readonly #onClosing: (code: number, reason: string) => void;

  constructor(socket: Socket, onClosing: (code: number, reason: string) => void) {
    this.#socket = socket;
    this.#onClosing = onClosing;
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedBytes;
  }

  get isClosed(): boolean {
    return this.#socket.isClosed;
  }

  send(text: string): void {
    this.#socket.send(text);
  }

  close(code: number, reason: string): void {
    if (!this.isClosed) this.#onClosing(code, reason);
    this.#socket.close(code, reason);
  }
}
