import type { Explained, ExplainBody, WatchBody, WatchState } from '../../api/ws/watch/types.js';
import { reach } from './api.js';
import { Backoff } from './backoff.js';
import { readFacts, type ServerFacts } from './facts.js';
import { ServerError } from './failure.js';
import { numberOf, objectOf, parsed } from './json.js';
import { keys } from './key.js';
import { WatchSocket, WRONG_KEY } from './socket.js';
import { Store } from './store.js';

export type Status =
  | { readonly kind: 'connecting' }
  /** The model is not there yet; `progress` in [0, 1]. */
  | { readonly kind: 'loading'; readonly progress: number }
  /** The server wants a key. `wasWrong`: another one than was given. */
  | { readonly kind: 'locked'; readonly wasWrong: boolean }
  | { readonly kind: 'open' }
  /** It does not answer; it is tried again. */
  | { readonly kind: 'gone' };

/** A server came back as another one. */
export interface Restart {
  /** Epoch milliseconds. */
  readonly at: number;
  /** The model that it serves now, where that is another one than before; null = it is the same. */
  readonly newModel: string | null;
}

const LOADING_EVERY_MS = 400;
/** How often a page that nobody looks at is told what it watches: it counts on, and costs next to nothing. */
const HIDDEN_EVERY_MS = 10_000;

/** This page's one connection to its server: it comes back by itself, and says when it is another server. */
export class Connection {
  readonly status = new Store<Status>({ kind: 'connecting' });
  readonly facts = new Store<ServerFacts | null>(null);
  /** What is watched, as it is now; null until the first of it has come. */
  readonly watched = new Store<WatchState | null>(null);
  /** Why nothing can be watched; empty = it can. */
  readonly refusal = new Store('');
  /** The last one since it was dismissed; null = none. */
  readonly restart = new Store<Restart | null>(null);
  #wish: WatchBody | null = null;
  #socket: WatchSocket | null = null;
  #startedAt: number | null = null;
  /** When the socket opened, on the page's clock; null = it did not. */
  #openMs: number | null = null;
  #wake: () => void = () => undefined;

  /** Goes on as long as the page is there. */
  async run(): Promise<never> {
    keys.subscribe(() => {
      this.#socket?.close();
      this.#wake();
    });
    addEventListener('online', () => {
      this.#hurry();
    });
    document.addEventListener('visibilitychange', () => {
      if (this.#wish !== null) this.#socket?.watch(paced(this.#wish));
      if (!document.hidden) this.#hurry();
    });
    const backoff = new Backoff();
    for (;;) {
      const result = await this.#visit();
      if (result === 'locked') backoff.reset();
      const waits = { locked: Infinity, loading: LOADING_EVERY_MS };
      await this.#rest(
        result === 'locked' || result === 'loading'
          ? waits[result]
          : backoff.nextMs(this.#lastedMs),
      );
    }
  }

  /** How long the socket was there on the last visit. */
  get #lastedMs(): number {
    return this.#openMs === null ? 0 : performance.now() - this.#openMs;
  }

  /** There is reason to think that the server can be reached now. */
  #hurry(): void {
    if (this.status.value.kind !== 'locked') this.#wake();
  }

  /** What is watched from here on. @returns what ends it, unless somebody else watches by then */
  watch(wish: WatchBody): () => void {
    if (!hasSameTopics(wish, this.#wish)) this.watched.set(null);
    this.#wish = wish;
    this.#socket?.watch(paced(wish));
    return () => {
      // The next view may begin before the last one ends.
      if (this.#wish !== wish) return;
      this.#wish = null;
      this.#socket?.watch(null);
      this.watched.set(null);
    };
  }

  /** @throws ServerError */
  async explain(body: ExplainBody): Promise<Explained> {
    if (this.#socket === null) throw new ServerError(0, 'The server cannot be reached.');
    return this.#socket.explain(body);
  }

  /** One visit, from its beginning to its end. */
  async #visit(): Promise<'loading' | 'locked' | 'gone' | 'served'> {
    this.#openMs = null;
    try {
      const progress = await loadingProgress();
      if (progress !== null) {
        this.status.set({ kind: 'loading', progress });
        return 'loading';
      }
      this.#meet(await readFacts());
      return (await this.#serve()) ? 'served' : this.#locked();
    } catch (error) {
      if (error instanceof ServerError && error.status === 401) return this.#locked();
      this.status.set({ kind: 'gone' });
      return 'gone';
    } finally {
      this.#socket = null;
    }
  }

  #meet(facts: ServerFacts): void {
    if (this.#startedAt !== null && this.#startedAt !== facts.startedAt) {
      const { modelName } = facts;
      const isSame = modelName === this.facts.value?.modelName;
      this.restart.set({ at: Date.now(), newModel: isSame ? null : modelName });
    }
    this.#startedAt = facts.startedAt;
    this.facts.set(facts);
  }

  /** Until the socket closes. @returns false where the key was wrong @throws ServerError where it never opened */
  async #serve(): Promise<boolean> {
    const socket = new WatchSocket({
      onState: (state) => {
        this.refusal.set('');
        if (this.#wish !== null) this.watched.set(state);
      },
      onRefused: (sentence) => {
        this.refusal.set(sentence);
      },
    });
    const first = await Promise.race([socket.opened, socket.closed]);
    if (first !== undefined) throw new ServerError(0, 'The socket was refused.');
    this.#socket = socket;
    if (this.#wish !== null) socket.watch(paced(this.#wish));
    this.#openMs = performance.now();
    this.status.set({ kind: 'open' });
    const code = await socket.closed;
    if (code === WRONG_KEY) return false;
    this.status.set({ kind: 'gone' });
    return true;
  }

  #locked(): 'locked' {
    const { plain, admin } = keys.value;
    this.status.set({ kind: 'locked', wasWrong: plain !== null || admin !== null });
    return 'locked';
  }

  async #rest(ms: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (ms !== Infinity) timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
  }
}

function paced(wish: WatchBody): WatchBody {
  return document.hidden ? { ...wish, every_ms: HIDDEN_EVERY_MS } : wish;
}

function hasSameTopics(wish: WatchBody, other: WatchBody | null): boolean {
  return wish.topics.join() === other?.topics.join();
}

/** Null once the model is there. @throws ServerError while nobody answers for it */
async function loadingProgress(): Promise<number | null> {
  const response = await reach('health', { headers: { accept: 'application/json' } });
  if (response.ok) return null;
  const { status, progress } = objectOf(parsed(await response.text()));
  if (status === 'loading') return numberOf(progress) ?? 0;
  throw new ServerError(response.status, 'The server is not well.');
}
