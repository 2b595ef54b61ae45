/** All who watch this server. While nobody does there is no timer, no listener, and no question to any thread. */
import { failureFrom, RequestError } from '../../../core/errors.js';
import type { AnswerSink } from '../../../engine/answer-sink.js';
import type { JsonObject } from '../../../http/json.js';
import { Pace } from './pace.js';
import type { WatchParts } from './parts.js';
import type { WatchRights } from './types.js';
import { parseWatchBody } from './watch-body.js';
import { Watched } from './watched.js';
import { Watcher } from './watcher.js';

/** Watches of the whole server. */
export const MAX_WATCHES = 16;

/** Timers may be early by so much. */
const EARLY_MS = 2;

/** One watch of a socket. */
export interface Watch {
  /** It shows something else from now on. @throws RequestError */
  change(body: JsonObject): void;
}

export class WatchHub {
  readonly #parts: WatchParts;
  readonly #onError: (error: unknown) => void;
  readonly #watchers = new Set<Watcher>();
  readonly #pace = new Pace();
  #watched: Watched | null = null;
  #timer: NodeJS.Timeout | null = null;
  #isReading = false;
  /** Somebody waits for a snapshot. */
  #isAwaited = false;

  /** @param onError told of errors that are bugs */
  constructor(parts: WatchParts, onError: (error: unknown) => void) {
    this.#parts = parts;
    this.#onError = onError;
  }

  /** Begins with a snapshot, and goes on until the sink's abort. @throws RequestError */
  watch(body: JsonObject, sink: AnswerSink, rights: () => WatchRights): Watch {
    const wish = parseWatchBody(body);
    if (this.#watchers.size >= MAX_WATCHES) {
      const message = `At most ${MAX_WATCHES} watches may be open on this server.`;
      throw new RequestError('QUEUE_FULL', message);
    }
    const watcher = new Watcher(sink.startEvents(), wish, rights);
    this.#watchers.add(watcher);
    sink.onAbortable(() => {
      this.#leave(watcher);
    }, false);
    this.#soon();
    return {
      change: (next) => {
        watcher.change(parseWatchBody(next));
        this.#soon();
      },
    };
  }

  #leave(watcher: Watcher): void {
    if (!this.#watchers.delete(watcher)) return;
    watcher.end();
    if (this.#watchers.size === 0) this.#rest();
  }

  #failAll(error: unknown): void {
    this.#onError(error);
    const watchers = [...this.#watchers];
    this.#watchers.clear();
    for (const watcher of watchers) watcher.fail(failureFrom(error));
    this.#rest();
  }

  #rest(): void {
    this.#stopTimer();
    this.#watched?.end();
    this.#watched = null;
  }

  #soon(): void {
    this.#isAwaited = true;
    if (!this.#isReading) this.#tickIn(0);
  }

  #tickIn(ms: number): void {
    this.#stopTimer();
    this.#timer = setTimeout(() => {
      void this.#tick();
    }, ms);
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  async #tick(): Promise<void> {
    this.#isReading = true;
    this.#isAwaited = false;
    const startMs = performance.now();
    const due = [...this.#watchers].filter(({ dueMs }) => dueMs <= startMs + EARLY_MS);
    for (const watcher of due) watcher.looked(startMs);
    try {
      const watched = (this.#watched ??= new Watched(this.#parts));
      const reading = watched.read(due, [...this.#watchers]);
      const askedMs = performance.now();
      await reading;
      const readMs = performance.now();
      // Meanwhile all may have left, and others have come.
      if (watched === this.#watched) this.#tell(due, watched);
      this.#pace.took(askedMs - startMs + performance.now() - readMs);
    } catch (error) {
      this.#failAll(error);
    }
    this.#isReading = false;
    if (this.#watchers.size > 0) this.#tickIn(this.#nextMs(startMs));
  }

  /** Until the next look, the last of which began at `startMs`. */
  #nextMs(startMs: number): number {
    if (this.#isAwaited) return 0;
    const dueMs = Math.min(...[...this.#watchers].map((watcher) => watcher.dueMs));
    return Math.max(0, Math.max(dueMs, startMs + this.#pace.leastMs) - performance.now());
  }

  #tell(due: readonly Watcher[], watched: Watched): void {
    for (const watcher of due) {
      if (!this.#watchers.has(watcher)) continue;
      const state = watched.stateFor(watcher);
      if (state !== null) watcher.tell(state);
    }
  }
}
