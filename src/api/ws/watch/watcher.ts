import type { Failure } from '../../../core/errors.js';
import type { EventStream } from '../../../engine/answer-sink.js';
import { patchBetween } from './merge-patch.js';
import type { WatchRights, WatchState, WatchUpdate } from './types.js';
import type { WatchWish } from './watch-body.js';

/**
 * One reader of the state. It has what was sent last and nothing else: a reader that is behind is told nothing, and
 * later what leads from there to the newest state.
 */
export class Watcher {
  readonly rights: () => WatchRights;
  readonly #stream: EventStream;
  #wish: WatchWish;
  /** Null: what is sent next is a snapshot. */
  #sent: WatchState | null = null;
  #seq = 0;
  /** When it is told next, on the clock of whoever tells it. */
  #dueMs = -Infinity;

  constructor(stream: EventStream, wish: WatchWish, rights: () => WatchRights) {
    this.#stream = stream;
    this.#wish = wish;
    this.rights = rights;
  }

  get wish(): WatchWish {
    return this.#wish;
  }

  get dueMs(): number {
    return this.#dueMs;
  }

  /** From now on it sees something else. */
  change(wish: WatchWish): void {
    this.#wish = wish;
    this.#sent = null;
    this.#dueMs = -Infinity;
  }

  /** It was looked at for it at `nowMs`. */
  looked(nowMs: number): void {
    this.#dueMs = nowMs + this.#wish.everyMs;
  }

  tell(state: WatchState): void {
    if (!this.#stream.isWritable) return;
    const update = this.#updateTo(state);
    if (update === null) return;
    this.#sent = state;
    this.#seq++;
    this.#stream.send(update);
  }

  /** It was cancelled. */
  end(): void {
    this.#stream.end(null);
  }

  /** It cannot go on. */
  fail(failure: Failure): void {
    this.#stream.fail(failure);
  }

  /** Null = nothing has changed but the time. */
  #updateTo(state: WatchState): WatchUpdate | null {
    const seq = this.#seq;
    if (this.#sent === null) return { kind: 'snapshot', seq, state };
    const patch = patchBetween(this.#sent, state);
    if (patch === null || Object.keys(patch).every((key) => key === 'at')) return null;
    return { kind: 'difference', seq, patch };
  }
}
