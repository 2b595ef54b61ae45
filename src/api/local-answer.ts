import { failureFrom, RequestError, type Failure } from '../core/errors.js';
import type { AnswerSink, EventStream } from '../engine/answer-sink.js';
import { parseJsonObject } from '../http/json.js';
import type { Call } from './calls.js';

/** Events that may lie ready for a reader that is behind: then they grow together, as those of a slow client do. */
const MAX_AHEAD = 16;

/** How an answer in this process failed, as a value for whoever throws it. */
export class LocalFailure extends Error {
  override readonly name = 'LocalFailure';
  readonly failure: Failure;

  constructor(failure: Failure, options?: ErrorOptions) {
    super(failure.message, options);
    this.failure = failure;
  }
}

/** The answer to a request of this process itself: all of it, or one event after another. */
export class LocalAnswer implements AnswerSink, EventStream {
  /** The end of the iteration is its own mark. */
  readonly marksEnd = false;
  readonly #ready: unknown[] = [];
  #isComplete = false;
  /** Thrown to whoever waits. */
  #error: { readonly thrown: unknown } | null = null;
  #abort: (() => void) | null = null;
  #survivesClient = false;
  #wake: () => void = () => undefined;
  #onDrain: () => void = () => undefined;

  get isClosed(): boolean {
    return this.#isComplete || this.#error !== null;
  }

  get isWritable(): boolean {
    return !this.isClosed && this.#ready.length < MAX_AHEAD;
  }

  onAbortable(abort: () => void, survivesClient: boolean): void {
    this.#abort = abort;
    this.#survivesClient = survivesClient;
    if (this.isClosed && !survivesClient) abort();
  }

  onDrain(listener: () => void): void {
    this.#onDrain = listener;
  }

  startEvents(): EventStream {
    return this;
  }

  answer(value: unknown): void {
    this.end(value);
  }

  send(value: unknown): void {
    if (this.isClosed) return;
    this.#ready.push(value);
    this.#wake();
  }

  end(value: unknown): void {
    this.send(value);
    this.#isComplete = true;
    this.#wake();
  }

  /** There is no log here: the event itself says it. */
  noteFailure(): void {
    return;
  }

  fail(failure: Failure): void {
    this.#end(new LocalFailure(failure));
  }

  /** Whoever asked wants no more of it: what is not yet out throws `reason`. */
  cancel(reason: unknown): void {
    if (this.isClosed) return;
    this.#end(reason);
    this.#ready.length = 0;
    this.#abort?.();
  }

  /** Whoever asked has gone, which a `background` request survives. */
  leave(): void {
    if (this.isClosed) return;
    this.#isComplete = true;
    this.#ready.length = 0;
    this.#wake();
    if (!this.#survivesClient) this.#abort?.();
  }

  /** What goes wrong on the way to a submission, or later, where nobody else is told. */
  reject(error: unknown): void {
    this.#end(new LocalFailure(failureFrom(error), { cause: error }));
  }

  /** The next event as the wire would have it; null = that was all. @throws LocalFailure, or what it was cancelled with */
  async next(): Promise<{ readonly value: unknown } | null> {
    for (;;) {
      if (this.#ready.length > 0) {
        const value = onWire(this.#ready.shift());
        if (this.isWritable) this.#onDrain();
        return { value };
      }
      if (this.#error !== null) throw this.#error.thrown;
      if (this.#isComplete) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #end(thrown: unknown): void {
    if (this.isClosed) return;
    this.#error = { thrown };
    this.#wake();
  }
}

/** What JSON would make of it: no `undefined`, lists where the answer has lazy ones, null for what is no number. */
function onWire(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** Asks, and returns at once: the answer comes to {@link LocalAnswer.next}. `body` is read as if it had come as JSON. */
export function ask(call: Call, body: unknown): LocalAnswer {
  const answer = new LocalAnswer();
  void answerTo(call, body, answer).catch((error: unknown) => {
    answer.reject(error);
  });
  return answer;
}

async function answerTo(call: Call, body: unknown, answer: LocalAnswer): Promise<void> {
  await call.answer(parseJsonObject(Buffer.from(textOf(body)), call.fields), answer);
}

/** @throws RequestError INVALID_JSON for what JSON has no words for: a bigint, a circle, a `toJSON` that throws */
function textOf(body: unknown): string {
  try {
    const text = JSON.stringify(body) as string | undefined;
    return text ?? '';
  } catch (error) {
    const [why = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    throw new RequestError('INVALID_JSON', `The request body cannot be written as JSON: ${why}.`);
  }
}
