import type { Failure } from '../../core/errors.js';
import type { AnswerSink, EventStream } from '../../engine/answer-sink.js';
import type { NumberedEvent } from './events.js';
import type { EventSource } from './follow.js';
import { sizeOf } from './size-of.js';

export interface RunOptions {
  /** Of what is out at once: the response was made, and waits. */
  readonly first: readonly NumberedEvent[];
  /** Told after every event. */
  readonly onEvent: (event: NumberedEvent) => void;
  /** The last event of a response that failed with nothing of it out. */
  readonly failed: (failure: Failure) => NumberedEvent;
}

/** A response that is made while nobody need wait for it: its events are kept, for whoever asks for them. */
export class BackgroundRun implements AnswerSink, EventStream, EventSource {
  readonly isClosed = false;
  readonly isWritable = true;
  readonly marksEnd = false;
  readonly #options: RunOptions;
  readonly #events: NumberedEvent[];
  readonly #followers = new Set<() => void>();
  #abort: (() => void) | null = null;
  #isCancelled = false;
  #isEnded = false;
  #bytes: number;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#events = [...options.first];
    this.#bytes = sizeOf(this.#events);
  }

  get events(): readonly NumberedEvent[] {
    return this.#events;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  /** Of its events. */
  get bytes(): number {
    return this.#bytes;
  }

  cancel(): void {
    if (this.#isEnded) return;
    this.#isCancelled = true;
    this.#abort?.();
  }

  /** Calls back after every event. @returns how to stop that */
  onNews(listener: () => void): () => void {
    this.#followers.add(listener);
    return () => this.#followers.delete(listener);
  }

  onAbortable(abort: () => void): void {
    this.#abort = abort;
    if (this.#isCancelled) abort();
  }

  startEvents(): EventStream {
    return this;
  }

  onDrain(): void {
    // It is always writable.
  }

  send(value: unknown): void {
    this.#add(value as NumberedEvent);
  }

  end(value: unknown): void {
    this.#isEnded = true;
    this.#add(value as NumberedEvent);
  }

  noteFailure(): void {
    // The request that asked for it was answered long ago.
  }

  fail(failure: Failure): void {
    if (!this.#isEnded) this.end(this.#options.failed(failure));
  }

  /** Runs are asked for streams only. */
  answer(value: unknown): void {
    this.end(value);
  }

  #add(event: NumberedEvent): void {
    this.#events.push(event);
    this.#bytes += sizeOf({ ...event, response: null });
    this.#options.onEvent(event);
    for (const listener of [...this.#followers]) listener();
  }
}
