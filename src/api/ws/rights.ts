import type { AuthCheck } from '../../http/auth.js';
import type { UpgradeRequest } from '../../http/socket.js';

/** What a socket may do. Each key that it brings adds to it. */
export interface SocketRights {
  /** Requests: the plain key, or none where there is none. */
  readonly ask: boolean;
  /** What changes the server for everybody: the key of admin routes. */
  readonly admin: boolean;
  /** Texts of others' prompts: the admin key, or, where there are no keys at all, being on this machine. */
  readonly text: boolean;
}

/** Whether anything may be said but `auth`. */
export function isKnown({ ask, admin }: SocketRights): boolean {
  return ask || admin;
}

export function joined(a: SocketRights, b: SocketRights): SocketRights {
  return { ask: a.ask || b.ask, admin: a.admin || b.admin, text: a.text || b.text };
}

export interface Keys {
  readonly hasKey: boolean;
  readonly hasAdminKey: boolean;
}

export class RightsRules {
  readonly #isAllowed: AuthCheck;
  readonly #keys: Keys;

  constructor(isAllowed: AuthCheck, keys: Keys) {
    this.#isAllowed = isAllowed;
    this.#keys = keys;
  }

  /** By the headers of the upgrade. @param isLocal from this machine, and no page of another one's asks */
  ofRequest({ headers }: Pick<UpgradeRequest, 'headers'>, isLocal: boolean): SocketRights {
    const { hasKey, hasAdminKey } = this.#keys;
    const ask = this.#isAllowed('key', { headers });
    const admin = this.#isAllowed('admin', { headers });
    const text = hasAdminKey ? admin : !hasKey && isLocal;
    return { ask, admin, text };
  }

  /** By the key of an `auth` message. Where nobody needs one it gives nothing. */
  ofKey(key: string): SocketRights {
    return this.ofRequest({ headers: new Map([['authorization', `Bearer ${key}`]]) }, false);
  }
}
