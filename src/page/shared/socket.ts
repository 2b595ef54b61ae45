import type {
  Explained,
  ExplainBody,
  WatchBody,
  WatchState,
  WatchUpdate,
} from '../../api/ws/watch/types.js';
import { socketAddressOf } from './api.js';
import { connectionLost, sentenceOf, ServerError } from './failure.js';
import { numberOf, objectOf, parsed, textOf } from './json.js';
import { keys } from './key.js';
import { withUpdate, type Watched } from './watch-fold.js';

/** The close code that means what HTTP's 401 means. */
export const WRONG_KEY = 4401;
const SUBPROTOCOL = 'radish.v1';
const WATCH_ID = 'watch';

export interface SocketListener {
  readonly onState: (state: WatchState) => void;
  /** The watch was refused. */
  readonly onRefused: (sentence: string) => void;
}

interface Waiting {
  readonly resolve: (data: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** One connection to `/ws`: what is watched, and questions beside it. */
export class WatchSocket {
  readonly #socket: WebSocket;
  readonly #listener: SocketListener;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #watched: Watched | null = null;
  #wish: WatchBody | null = null;
  /** Resolves when it is open. */
  readonly opened: Promise<void>;
  /** Resolves with the close code. */
  readonly closed: Promise<number>;

  constructor(listener: SocketListener) {
    this.#listener = listener;
    this.#socket = new WebSocket(socketAddressOf('ws'), SUBPROTOCOL);
    this.opened = new Promise((resolve) => {
      this.#socket.onopen = () => {
        const { plain, admin } = keys.value;
        for (const key of [plain, admin]) if (key !== null) this.#say({ op: 'auth', key });
        resolve();
      };
    });
    this.closed = new Promise((resolve) => {
      this.#socket.onclose = ({ code }) => {
        for (const { reject } of this.#waiting.values()) reject(connectionLost());
        this.#waiting.clear();
        resolve(code);
      };
    });
    this.#socket.onmessage = ({ data }) => {
      this.#hear(objectOf(parsed(String(data))));
    };
  }

  /** What is watched from here on; null = nothing. */
  watch(wish: WatchBody | null): void {
    const isLive = this.#wish !== null;
    this.#wish = wish;
    if (wish !== null) this.#say({ op: 'watch', id: WATCH_ID, body: wish });
    else if (isLive) this.#say({ op: 'cancel', id: WATCH_ID });
  }

  /** @throws ServerError */
  async explain(body: ExplainBody): Promise<Explained> {
    const id = ++this.#lastId;
    this.#say({ op: 'explain', id, body });
    const answer = await new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    });
    return answer as Explained;
  }

  close(): void {
    this.#socket.close();
  }

  #say(message: object): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #hear({ id, event, data }: Readonly<Record<string, unknown>>): void {
    if (id === WATCH_ID) {
      if (event === 'delta') this.#update(data as WatchUpdate);
      else if (event === 'error') this.#listener.onRefused(sentenceOf(errorIn(data)));
      return;
    }
    const waiting = this.#waiting.get(Number(id));
    this.#waiting.delete(Number(id));
    if (event === 'error') waiting?.reject(errorIn(data));
    else waiting?.resolve(data);
  }

  #update(update: WatchUpdate): void {
    this.#watched = withUpdate(this.#watched, update);
    if (this.#watched === null) this.watch(this.#wish);
    else this.#listener.onState(this.#watched.state);
  }
}

function errorIn(data: unknown): ServerError {
  const { message, code } = objectOf(objectOf(data)['error']);
  return new ServerError(numberOf(code) ?? 500, textOf(message));
}
