import type { SocketShape } from '../../http/gate.js';

/**
 * Bounds of `/ws`, all per socket but the first three. docs/websocket.md repeats them. The library keeps a message
 * until it is whole and tells nobody, so sockets times cut-off is what all of them can hold together:
 *
 *     384 * 1.06 MiB + (1024 - 384) * 128 KiB = 488 MiB, of it 68 MiB before the key
 */
export interface SocketLimits {
  /** Open sockets of the server; one more is closed with 1013. */
  readonly maxSockets: number;
  /** Those of them that may send a message of `maxMessageBytes`; later ones may while fewer are open. */
  readonly maxLargeSockets: number;
  /** Those of them that have not brought their key yet. */
  readonly maxUnknownSockets: number;
  /** Largest message from the client; above it 1009. */
  readonly maxMessageBytes: number;
  /** The same on a socket that was opened beyond `maxLargeSockets`. */
  readonly smallMessageBytes: number;
  /** Largest message before the key came; above it 1009. */
  readonly maxAuthMessageBytes: number;
  /** Requests without their last event; one more gets an error event. */
  readonly maxLiveRequests: number;
  /** Characters of a string id. */
  readonly maxIdChars: number;
  /** Above this many bytes the client has not taken, deltas wait and merge. */
  readonly highWaterBytes: number;
  /** Error events that belong to no live request and wait for a slow reader; one more closes with 1008. */
  readonly maxHeldErrors: number;
  /** A client that takes nothing at all for this long, with events waiting, is closed with 1008. */
  readonly stalledReaderMs: number;
  /** Time for the first `auth` message; then 4401. */
  readonly authTimeoutMs: number;
}

export const SOCKET_LIMITS: SocketLimits = {
  maxSockets: 1024,
  maxLargeSockets: 384,
  maxUnknownSockets: 64,
  maxMessageBytes: 1024 * 1024,
  smallMessageBytes: 64 * 1024,
  maxAuthMessageBytes: 4096,
  maxLiveRequests: 1024,
  maxIdChars: 128,
  highWaterBytes: 64 * 1024,
  maxHeldErrors: 1024,
  stalledReaderMs: 60_000,
  authTimeoutMs: 10_000,
};

/** Silence after which the client is pinged, and closed if it does not answer. */
export const IDLE_TIMEOUT_S = 60;

/** The library cuts larger messages off while they arrive, without a close frame (the client sees 1006). */
export const CUT_OFF_BYTES = 1024 * 1024 + 64 * 1024;
/** The same on a socket that was opened beyond `maxLargeSockets`. */
export const SMALL_CUT_OFF_BYTES = 128 * 1024;

/** Bytes that a client may leave unread before the library drops pongs to it. */
export const MAX_BUFFERED_BYTES = 16 * 1024 * 1024;

/** RFC 6455 §7.4.1, and one of the private range that means what HTTP's 401 means. */
export const CLOSE = {
  goingAway: 1001,
  unsupportedData: 1003,
  policyViolation: 1008,
  messageTooBig: 1009,
  tryAgainLater: 1013,
  unauthorized: 4401,
} as const;

/** What an HTTP engine must know of a path that WebSockets are opened on. */
export function socketShape(path: string): SocketShape {
  return {
    path,
    maxPayloadBytes: CUT_OFF_BYTES,
    smallPayloadBytes: SMALL_CUT_OFF_BYTES,
    maxBufferedBytes: MAX_BUFFERED_BYTES,
    idleTimeoutS: IDLE_TIMEOUT_S,
  };
}
