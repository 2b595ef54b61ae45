import type { HttpRequest, FullResponse } from './http.js';

/** WebSockets as sessions see them, without the library beneath. */

export interface Socket {
  /** Bytes that were sent and that the system has not taken yet. 0 once closed. */
  readonly bufferedBytes: number;
  /** True after {@link close}, and when the other side went away. */
  readonly isClosed: boolean;
  /** One text message; ignored on a closed socket. */
  send(text: string): void;
  /** @param reason at most 123 bytes */
  close(code: number, reason: string): void;
}

export interface SocketListener {
  /** `data` is dead after the call returns. */
  onMessage(data: Uint8Array, isBinary: boolean): void;
  /** Some buffered bytes have left. */
  onDrain(): void;
  /** Called once, also after our own close. */
  onClose(): void;
}

export interface UpgradeRequest extends Omit<HttpRequest, 'readBody'> {
  /** `x-request-id`: the client's own, or a new one. The answer has it. */
  readonly id: string;
}

export type UpgradeDecision =
  | { readonly kind: 'refuse'; readonly response: FullResponse }
  | {
      readonly kind: 'accept';
      /** The client is cut off at {@link SocketEndpoint.smallPayloadBytes} instead. */
      readonly isSmall: boolean;
      /** The chosen subprotocol; null = none was offered. */
      readonly protocol: string | null;
      readonly open: (socket: Socket) => SocketListener;
    };

/** A path that sockets can be opened on. */
export interface SocketEndpoint {
  readonly path: string;
  /** A client that announces or sends more is cut off: without a close frame by uWebSockets.js, with 1009 by ws. */
  readonly maxPayloadBytes: number;
  readonly smallPayloadBytes: number;
  /** Bytes buffered for a client above which even pongs are dropped. */
  readonly maxBufferedBytes: number;
  /** Without a message or an answer to our ping for this long, the client is gone. */
  readonly idleTimeoutS: number;
  decide(request: UpgradeRequest): UpgradeDecision;
}
