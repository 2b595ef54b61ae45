import { statusOf, type Failure } from '../../core/errors.js';
import type { RequestId } from './client-message.js';
import { CLOSE, type SocketLimits } from './limits.js';
import type { Socket } from '../../http/socket.js';

/** What a server says, `radish.v1`: any number of deltas, then one `done` or `error`. */
export interface ServerEvent {
  /** Null: an error that belongs to no request. */
  readonly id: RequestId | null;
  readonly event: 'delta' | 'done' | 'error';
  readonly data: unknown;
}

/** @param status the HTTP status that the same failure has on `/generate` */
export function errorEvent(id: RequestId | null, message: string, status: number): ServerEvent {
  return { id, event: 'error', data: { error: { message, code: status } } };
}

/**
 * The way out of one socket. It says when its reader is behind, and closes one that never catches up;
 * who has something to say keeps it meanwhile.
 */
export class Outlet {
  readonly #socket: Socket;
  readonly #limits: SocketLimits;
  #heldErrors: ServerEvent[] = [];
  #stall: NodeJS.Timeout | null = null;

  constructor(socket: Socket, limits: SocketLimits) {
    this.#socket = socket;
    this.#limits = limits;
  }

  get isWritable(): boolean {
    return !this.#socket.isClosed && this.#socket.bufferedBytes < this.#limits.highWaterBytes;
  }

  /** Call only while {@link isWritable}: a single event may be as large as it likes. */
  write(event: ServerEvent): void {
    this.writeText(JSON.stringify(event));
  }

  /** {@link write} of an event whose JSON is made already. */
  writeText(text: string): void {
    this.#socket.send(text);
    if (!this.isWritable) this.#watch();
  }

  /** An error that no live request waits to say. */
  writeError(id: RequestId | null, { code, message }: Failure): void {
    const event = errorEvent(id, message, statusOf(code));
    if (this.isWritable) {
      this.write(event);
    } else if (this.#heldErrors.length < this.#limits.maxHeldErrors) {
      this.#heldErrors.push(event);
    } else {
      this.#socket.close(CLOSE.policyViolation, 'Too many unread errors.');
    }
  }

  /** Some bytes have left: the reader lives. */
  drained(): void {
    this.#stall?.refresh();
    if (this.isWritable) this.#stop();
    for (const event of this.#heldErrors.splice(0)) {
      if (this.isWritable) this.write(event);
      else this.#heldErrors.push(event);
    }
  }

  /** Forgets everything: the socket is closed. */
  close(): void {
    this.#stop();
    this.#heldErrors = [];
  }

  #watch(): void {
    this.#stall ??= setTimeout(() => {
      this.#socket.close(CLOSE.policyViolation, 'The client does not read.');
    }, this.#limits.stalledReaderMs);
  }

  #stop(): void {
    if (this.#stall !== null) clearTimeout(this.#stall);
    this.#stall = null;
  }
}
