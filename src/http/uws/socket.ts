import type { Socket } from '../socket.js';

/** The calls of uWebSockets.js's socket that are used here. */
export interface NativeSocket {
  send(message: string, isBinary: boolean, compress: boolean): number;
  getBufferedAmount(): number;
  end(code: number, reason: string): void;
}

/** One socket. After its end every call is a no-op: the native object is dead. */
export class UwsSocket implements Socket {
  readonly #native: NativeSocket;
  #isClosed = false;

  constructor(native: NativeSocket) {
    this.#native = native;
  }

  get bufferedBytes(): number {
    return this.#isClosed ? 0 : this.#native.getBufferedAmount();
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  send(text: string): void {
    if (!this.#isClosed) this.#native.send(text, false, false);
  }

  close(code: number, reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#native.end(code, reason);
  }

  /** The library says that it is over. */
  markClosed(): void {
    this.#isClosed = true;
  }
}
