import type { FullResponse } from '../../http/http.js';
import { plainResponse } from '../../http/http.js';
import type { UpgradeRequest } from '../../http/socket.js';
import { CLOSE } from './limits.js';

/** A session on an open socket. */
export interface Closable {
  close(code: number, reason: string): void;
}

/** The open sockets of one endpoint: so many with large messages, and later ones with small ones. */
export class OpenSockets<Session extends Closable> {
  /** Each with whether it is a small one. */
  readonly #sessions = new Map<Session, boolean>();
  readonly #maxLarge: number;

  constructor(maxLarge: number) {
    this.#maxLarge = maxLarge;
  }

  get size(): number {
    return this.#sessions.size;
  }

  get sessions(): readonly Session[] {
    return [...this.#sessions.keys()];
  }

  /** Whether the next one is small. */
  get isNextSmall(): boolean {
    const numLarge = [...this.#sessions.values()].filter((isSmall) => !isSmall).length;
    return numLarge >= this.#maxLarge;
  }

  add(session: Session, isSmall: boolean): void {
    this.#sessions.set(session, isSmall);
  }

  delete(session: Session): void {
    this.#sessions.delete(session);
  }

  /** There is one too many. */
  refuse(session: Session): void {
    session.close(CLOSE.tryAgainLater, 'Too many open sockets.');
  }

  /** The server goes away. */
  closeAll(): void {
    for (const session of this.sessions) {
      session.close(CLOSE.goingAway, 'The server is shutting down.');
    }
  }
}

/** RFC 6455 has one version. */
export function isVersion13({ headers }: Pick<UpgradeRequest, 'headers'>): boolean {
  return headers.get('sec-websocket-version') === '13';
}

/** What a path says that is a WebSocket's alone. */
export function upgradeRequired(body?: string): FullResponse {
  const headers = { upgrade: 'websocket', 'sec-websocket-version': '13' };
  return body === undefined ? { status: 426, headers } : { ...plainResponse(426, body), headers };
}
