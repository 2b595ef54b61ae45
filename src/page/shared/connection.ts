import type { Explained, ExplainBody, WatchBody, WatchState } from '../../api/ws/watch/types.js';
import { reach } from './api.js';
import { backoffMs } from './backoff.js';
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

const LOADING_EVERY_MS = 400;

/** This page's one connection to its server: it comes back by itself, and says when it is another server. */
export class Connection {
  readonly status = new Store<Status>({ kind: 'connecting' });
  readonly facts = new Store<ServerFacts | null>(null);
  /** What is watched, as it is now; null until the first of it has come. */
  readonly watched = new Store<WatchState | null>(null);
  /** Why nothing can be watched; empty = it can. */
  readonly refusal = new Store('');
  /** When a server came back as another one, epoch milliseconds; null = it has not. */
  readonly restartedAt = new Store<number | null>(null);
  #wish: WatchBody | null = null;
  #socket: WatchSocket | null = null;
  #startedAt: number | null = null;
  #wake: () => void = () => undefined;

  /** Goes on as long as the page is there. */
  async run(): Promise<never> {
    keys.subscribe(() => {
      this.#socket?.close();
      this.#wake();
    });
    for (let attempt = 0; ; attempt++) {
      const result = await this.#visit();
      if (result === 'served') attempt = -1;
      else if (result === 'locked') await this.#rest(Infinity);
      else await this.#rest(result === 'loading' ? LOADING_EVERY_MS : backoffMs(attempt));
    }
  }

  /** What is watched from here on. @returns what ends it, unless somebody else watches by then */
  watch(wish: WatchBody): () => void {
    if (!hasSameTopics(wish, this.#wish)) this.watched.set(null);
    this.#wish = wish;
    this.#socket?.watch(wish);
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
      this.restartedAt.set(Date.now());
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
    if (this.#wish !== null) socket.watch(this.#wish);
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
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (ms !== Infinity) setTimeout(resolve, ms);
    });
  }
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
