import { EventEmitter } from 'eventemitter3';

import type { Clock } from '../core/clock.js';
import { RequestError, type Failure } from '../core/errors.js';
import { failureReason } from '../core/finish-reason.js';
import type { Output, ToMain, ToScheduler } from '../messages.js';
import type { EngineEvents } from '../observability/engine-events.js';
import { RegexBudgetError } from '../text/stop-regex.js';
import { Door } from './door.js';
import { EmbedRequest, type EmbedRequestInput } from './embed-request.js';
import type { Generation, GenerationInput } from './generation.js';
import type { LiveRequest } from './live-request.js';
import { LiveRequests } from './live-requests.js';
import { EMBED, GENERATE, type RequestKind } from './request-kinds.js';
import { SchedulerDesk } from './scheduler-desk.js';

/** The main thread's end of the scheduler's port. */
export interface SchedulerLink {
  post(message: ToScheduler): void;
  /** Called once; every later message of the scheduler goes to `listener`, in order. */
  onMessage(listener: (message: ToMain) => void): void;
}

export interface EngineOptions {
  readonly link: SchedulerLink;
  readonly clock: Clock;
  /** Lines that the scheduler wants logged. */
  readonly onLog: (level: 'debug' | 'info' | 'warn' | 'error', message: string) => void;
}

interface Batch {
  readonly requests: readonly LiveRequest[];
  readonly resolve: () => void;
  readonly reject: (error: RequestError) => void;
}

/**
 * Requests as the main thread sees them: submits them to the scheduler, keeps their text and
 * log-probabilities, and finds the stop strings. Every submitted request leaves by exactly one ending.
 */
export class Engine {
  /** For observers: metrics, the request log. */
  readonly events = new EventEmitter<EngineEvents>();
  readonly desk: SchedulerDesk;
  readonly #link: SchedulerLink;
  readonly #clock: Clock;
  readonly #onLog: EngineOptions['onLog'];
  readonly #live = new LiveRequests();
  readonly #batches = new Map<number, Batch>();
  readonly #door = new Door();
  #outputWaiters: (() => void)[] = [];
  #drainWaiters: (() => void)[] = [];
  #nextNum = 1;
  #nextBatch = 1;
  #closed: Failure | null = null;

  constructor({ link, clock, onLog }: EngineOptions) {
    this.#link = link;
    this.#clock = clock;
    this.#onLog = onLog;
    this.desk = new SchedulerDesk((message) => {
      link.post(message);
    });
    link.onMessage((message) => {
      this.#receive(message);
    });
  }

  /**
   * Submits a batch, which is accepted whole or not at all; settles when the scheduler answered, or when the
   * last of it was aborted at the door. `onSubmitted` hands out the generations before that, so that
   * a client that leaves can be aborted.
   * @throws RequestError
   */
  submit(
    inputs: readonly GenerationInput[],
    onSubmitted: (generations: readonly Generation[]) => void = () => undefined,
  ): Promise<readonly Generation[]> {
    return this.#submit(GENERATE, inputs, onSubmitted);
  }

  /** The same for texts of an embedding model. @throws RequestError */
  embed(
    inputs: readonly EmbedRequestInput[],
    onSubmitted: (requests: readonly EmbedRequest[]) => void = () => undefined,
  ): Promise<readonly EmbedRequest[]> {
    return this.#submit(EMBED, inputs, onSubmitted);
  }

  /** Ends one request; its ending still arrives. Harmless after it. */
  abort(request: LiveRequest): void {
    const { num } = request;
    if (!this.#live.has(num)) {
      this.#door.abort(request, this.#clock.nowMs());
      return;
    }
    this.#link.post({ kind: 'abort', ridPrefix: '', num, all: false, message: null });
  }

  /** All requests whose rid starts with the prefix, or all at all; `message` is for their finish reasons. */
  abortByRid(ridPrefix: string, all: boolean, message: string | null = null): void {
    this.#link.post({ kind: 'abort', ridPrefix, num: null, all, message });
  }

  /**
   * Holds new requests until {@link continue}. `abort` ends the live ones and waits for their endings,
   * `retract` sends them back to the queue, `inPlace` freezes them with their KV.
   */
  async pause(mode: 'abort' | 'retract' | 'inPlace'): Promise<void> {
    this.#door.close('pause');
    if (mode !== 'abort') {
      this.#link.post({ kind: 'pause', mode });
      return;
    }
    const ending = this.#live.all();
    this.abortByRid('', true);
    while (ending.some(({ num }) => this.#live.has(num)))
      await new Promise((resolve) => setTimeout(resolve, 10));
  }

  continue(): void {
    this.#link.post({ kind: 'continue' });
    this.#door.open('pause');
  }

  /** New requests wait until {@link letIn}. */
  hold(): void {
    this.#door.close('release');
  }

  letIn(): void {
    this.#door.open('release');
  }

  /** No new work from here on; settles when the last request ended. */
  drain(): Promise<void> {
    this.#closed ??= { code: 'SHUTTING_DOWN', message: 'The server is shutting down.' };
    this.#door.demolish();
    return new Promise((resolve) => {
      this.#drainWaiters.push(resolve);
      this.#link.post({ kind: 'drain' });
    });
  }

  /** The scheduler is gone: every request fails with this, now and from here on. */
  fail(failure: Failure): void {
    this.#closed = failure;
    this.#door.demolish();
    for (const batch of [...this.#batches.keys()]) this.#settleBatch(batch, failure);
    for (const request of this.#live.all()) this.#finishFailed(request, failure);
    for (const resolve of this.#drainWaiters.splice(0)) resolve();
  }

  /** Settles when any request makes progress: the scheduler and a device are alive. */
  nextOutput(): Promise<void> {
    return new Promise((resolve) => {
      this.#outputWaiters.push(resolve);
    });
  }

  /** Requests that wait for {@link continue}. */
  get numHeld(): number {
    return this.#door.numHeld;
  }

  get numLive(): number {
    return this.#live.size;
  }

  #submit<Input extends { readonly req: { readonly rid: string } }, Request extends LiveRequest>(
    kind: RequestKind<Input, Request>,
    inputs: readonly Input[],
    onSubmitted: (requests: readonly Request[]) => void,
  ): Promise<readonly Request[]> {
    if (this.#closed !== null) return Promise.reject(asError(this.#closed));
    const nowMs = this.#clock.nowMs();
    const requests = inputs.map((input) => kind.create(this.#nextNum++, input, nowMs));
    const entered = this.#door.isOpen
      ? this.#enter(kind, requests)
      : this.#door.wait(requests).then(() => this.#enter(kind, requests));
    onSubmitted(requests);
    return entered.then(() => requests);
  }

  /** Through the door, which may be later, and with less: what was aborted there has ended. */
  #enter<Request extends LiveRequest>(
    kind: RequestKind<never, Request>,
    requests: readonly Request[],
  ): Promise<void> {
    const left = requests.filter(({ finish }) => finish === null);
    if (left.length === 0) return Promise.resolve();
    if (this.#closed !== null) return Promise.reject(asError(this.#closed));
    const duplicate = left.find(({ rid }) => this.#live.hasRid(rid));
    if (duplicate !== undefined) {
      const message = `Duplicate request ID detected: ${duplicate.rid}`;
      return Promise.reject(new RequestError('INVALID_REQUEST', message));
    }
    for (const request of left) this.#live.add(request);
    const batch = this.#nextBatch++;
    return new Promise((resolve, reject) => {
      this.#batches.set(batch, { requests: left, resolve, reject });
      this.#link.post(kind.message(batch, left));
    });
  }

  #receive(message: ToMain): void {
    switch (message.kind) {
      case 'submitted':
        this.#settleBatch(message.batch, message.failure);
        break;
      case 'output':
        this.#acceptOutput(message);
        break;
      case 'drained':
        for (const resolve of this.#drainWaiters.splice(0)) resolve();
        break;
      case 'log':
        this.#onLog(message.level, message.message);
        break;
      default:
        this.desk.receive(message);
    }
  }

  #settleBatch(id: number, failure: Failure | null): void {
    const batch = this.#batches.get(id);
    this.#batches.delete(id);
    if (failure === null) {
      for (const request of batch?.requests ?? []) this.events.emit('accepted', request);
      batch?.resolve();
      return;
    }
    for (const request of batch?.requests ?? []) this.#live.delete(request);
    batch?.reject(asError(failure));
  }

  #acceptOutput(output: Output): void {
    for (const one of output.admitted) this.#live.generation(one.num)?.acceptAdmitted(one);
    const touched = this.#acceptAnswers(output);
    const nowMs = this.#clock.nowMs();
    for (const request of touched) this.events.emit('progressed', request, nowMs);
    for (const row of output.logprobs) this.#live.generation(row.num)?.acceptLogprobs(row);
    for (const num of output.toCheck) this.#checkText(num);
    for (const { num, reason, stats } of output.finished) {
      const request = this.#live.get(num);
      if (request === undefined) continue;
      request.end(reason, stats, nowMs);
      this.#live.delete(request);
      touched.add(request);
      this.events.emit('finished', request);
    }
    for (const request of touched) request.onUpdate?.();
    for (const resolve of this.#outputWaiters.splice(0)) resolve();
  }

  /** @returns the requests that have more of their answer now. */
  #acceptAnswers({ tokens, vectors }: Output): Set<LiveRequest> {
    const touched = new Set<LiveRequest>();
    for (let i = 0; i + 1 < tokens.length; i += 2) {
      const generation = this.#live.generation(tokens[i] ?? 0);
      if (generation === undefined) continue;
      touched.add(generation);
      this.#acceptToken(generation, tokens[i + 1] ?? 0);
    }
    for (const { num, values } of vectors) {
      const request = this.#live.get(num);
      if (!(request instanceof EmbedRequest)) continue;
      touched.add(request);
      request.vector = values;
    }
    return touched;
  }

  #acceptToken(generation: Generation, token: number): void {
    try {
      const matched = generation.acceptToken(token);
      if (matched === null) return;
      const numOutputTokens = generation.outputIds.length;
      this.#link.post({ kind: 'stopAt', num: generation.num, numOutputTokens, matched });
    } catch (error) {
      if (!(error instanceof RegexBudgetError)) throw error;
      this.abort(generation);
      this.#finishFailed(generation, { code: 'INVALID_REQUEST', message: error.message });
    }
  }

  /** A request that matched has sent its stopAt already; the scheduler goes by the first of the two. */
  #checkText(num: number): void {
    if (this.#live.generation(num)?.isCut === false) this.#link.post({ kind: 'textChecked', num });
  }

  #finishFailed(request: LiveRequest, { code, message }: Failure): void {
    request.end(failureReason(code, message), null, this.#clock.nowMs());
    this.#live.delete(request);
    this.events.emit('finished', request);
    request.onUpdate?.();
  }
}

function asError({ code, message }: Failure): RequestError {
  return new RequestError(code, message);
}
