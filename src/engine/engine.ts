import { EventEmitter } from 'eventemitter3';

import type { Clock } from '../core/clock.js';
import { asError, RequestError, type Failure } from '../core/errors.js';
import type { ToMain, ToScheduler } from '../messages.js';
import { abortReason } from '../core/finish-reason.js';
import type { EngineEvents } from '../observability/engine-events.js';
import type { AdapterUse } from './adapters.js';
import { Door } from './door.js';
import type { Feed } from './feed.js';
import { LiveRequests, type AnyRequest } from './live-requests.js';
import { OutputReader } from './output-reader.js';
import { NO_ABORTS, Preparing, type EarlyAborts } from './preparing.js';
import type { RequestKind } from './request-kinds.js';
import { SchedulerDesk } from './scheduler-desk.js';

/** The main thread's end of the scheduler's port. */
export interface SchedulerPort {
  post(message: ToScheduler): void;
  /** Called once; every later message of the scheduler goes to `listener`, in order. */
  onMessage(listener: (message: ToMain) => void): void;
}

export interface EngineOptions {
  readonly scheduler: SchedulerPort;
  readonly clock: Clock;
  /** Lines that the scheduler wants logged. */
  readonly onLog: (level: 'debug' | 'info' | 'warn' | 'error', message: string) => void;
}

/** What is submitted: of either kind of model, with a name of its own. */
export interface Named {
  readonly req: { readonly rid: string };
  /** What it holds until it ends. */
  readonly adapter?: AdapterUse | null;
}

/** SGLang's words for a request that has not run. */
const EARLY = 'Abort in waiting queue';

interface Batch {
  readonly requests: readonly AnyRequest[];
  readonly resolve: () => void;
  readonly reject: (error: RequestError) => void;
}

/**
 * Requests as the main thread sees them: they enter through the door, are submitted to the scheduler, and
 * leave by exactly one ending each. What the scheduler says of them is read by {@link OutputReader}.
 */
export class Engine {
  /** For observers: metrics, the request log. */
  readonly events = new EventEmitter<EngineEvents>();
  readonly desk: SchedulerDesk;
  readonly #scheduler: SchedulerPort;
  readonly #clock: Clock;
  readonly #onLog: EngineOptions['onLog'];
  readonly #live = new LiveRequests();
  readonly #reader: OutputReader;
  readonly #batches = new Map<number, Batch>();
  readonly #door = new Door();
  readonly #preparing = new Preparing();
  #drainWaiters: (() => void)[] = [];
  #nextNum = 1;
  #nextBatch = 1;
  #isFrozen = false;
  #closed: Failure | null = null;

  constructor({ scheduler, clock, onLog }: EngineOptions) {
    const post = (message: ToScheduler): void => {
      scheduler.post(message);
    };
    this.#scheduler = scheduler;
    this.#clock = clock;
    this.#onLog = onLog;
    this.desk = new SchedulerDesk(post);
    this.#reader = new OutputReader({ live: this.#live, clock, events: this.events, post });
    scheduler.onMessage((message) => {
      this.#receive(message);
    });
  }

  /**
   * Submits a batch, which is accepted whole or not at all; settles when the scheduler answered, or when the
   * last of it was aborted at the door. `onSubmitted` hands out the requests before that, so that
   * a client that leaves can be aborted. Routes do not call it: {@link answer} does.
   * @param aborts what {@link prepare} gave: those end here
   * @throws RequestError
   */
  submit<Input extends Named, Request extends AnyRequest>(
    kind: RequestKind<Input, Request>,
    inputs: readonly Input[],
    onSubmitted: (requests: readonly Request[]) => void = () => undefined,
    aborts: EarlyAborts = NO_ABORTS,
  ): Promise<readonly Request[]> {
    if (this.#closed !== null) return Promise.reject(asError(this.#closed));
    const nowMs = this.#clock.nowMs();
    const requests = inputs.map((input) => kind.create(this.#nextNum++, input, nowMs));
    for (const request of requests) {
      const message = aborts.get(request.rid);
      if (message !== undefined) request.end(abortReason(message ?? EARLY), null, nowMs);
    }
    const entered = this.#door.isOpen
      ? this.#enter(kind, requests)
      : this.#door.wait(requests).then(() => this.#enter(kind, requests));
    onSubmitted(requests);
    return entered.then(() => requests);
  }

  /** All that may take time before the submission. An abort, by rid or by `onAbortable`, is kept for it. */
  prepare<T>(
    rids: readonly string[],
    prepare: (allAborted: AbortSignal) => Promise<T>,
    onAbortable: (abort: () => void) => void = () => undefined,
  ): Promise<{ readonly prepared: T; readonly aborts: EarlyAborts }> {
    return this.#preparing.run(rids, prepare, onAbortable);
  }

  /** Ends one request; its ending still arrives. Harmless after it. */
  abort(request: AnyRequest): void {
    const { num } = request;
    if (!this.#live.has(num)) {
      this.#door.abort(request, abortReason(EARLY), this.#clock.nowMs());
      return;
    }
    this.#scheduler.post({ kind: 'abort', ridPrefix: '', num, all: false, message: null });
  }

  /** All requests whose rid starts with the prefix, or all at all; `message` is for their finish reasons. */
  abortByRid(ridPrefix: string, all: boolean, message: string | null = null): void {
    const isMeant = (rid: string): boolean =>
      all || (ridPrefix !== '' && rid.startsWith(ridPrefix));
    this.#preparing.abort(isMeant, message);
    this.#door.abortByRid(isMeant, abortReason(message ?? EARLY), this.#clock.nowMs());
    this.#scheduler.post({ kind: 'abort', ridPrefix, num: null, all, message });
  }

  /** All that the scheduler has: what it does not know yet goes on. */
  abortScheduled(): void {
    this.#scheduler.post({ kind: 'abort', ridPrefix: '', num: null, all: true, message: null });
  }

  /**
   * Holds new requests until {@link continue}. `abort` ends the live ones and settles when they have ended,
   * `retract` sends them back to the queue, `inPlace` freezes them with their KV.
   */
  async pause(mode: 'abort' | 'retract' | 'inPlace'): Promise<void> {
    this.#door.close('pause');
    this.#isFrozen = mode === 'inPlace';
    if (mode !== 'abort') {
      this.#scheduler.post({ kind: 'pause', mode });
      return;
    }
    this.abortScheduled();
    await this.#live.allGone();
  }

  continue(): void {
    this.#scheduler.post({ kind: 'continue' });
    this.#isFrozen = false;
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
      this.#scheduler.post({ kind: 'drain' });
    });
  }

  /** The scheduler is gone: every request fails with this, now and from here on. */
  fail(failure: Failure): void {
    this.#closed = failure;
    this.#door.demolish();
    for (const batch of [...this.#batches.keys()]) this.#closeBatch(batch, failure);
    for (const request of this.#live.all()) this.#reader.fail(request, failure);
    for (const resolve of this.#drainWaiters.splice(0)) resolve();
  }

  /** Published whenever any request makes progress: the scheduler and a device are alive. */
  get outputs(): Feed {
    return this.#reader.outputs;
  }

  /** Settles when all requests that the scheduler has now have ended; later ones do not count. */
  allEnded(): Promise<void> {
    return this.#live.allGone();
  }

  /** A request that the scheduler has, by its handle. */
  find(num: number): AnyRequest | undefined {
    return this.#live.get(num);
  }

  /** New requests wait at the door. */
  get isHolding(): boolean {
    return !this.#door.isOpen;
  }

  /** Requests that wait for {@link continue}. */
  get numHeld(): number {
    return this.#door.numHeld;
  }

  /** Between a pause in place and {@link continue}: live requests do not end by themselves. */
  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  get numLive(): number {
    return this.#live.size;
  }

  /** Through the door, which may be later, and with less: what was aborted there has ended. */
  #enter<Request extends AnyRequest>(
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
      this.#scheduler.post(kind.message(batch, left));
    });
  }

  #receive(message: ToMain): void {
    switch (message.kind) {
      case 'submitted':
        this.#closeBatch(message.batch, message.failure);
        break;
      case 'output':
        this.#reader.read(message);
        for (const step of message.timed) this.desk.steps.publish(step);
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

  /** The scheduler took the batch, or refused all of it. */
  #closeBatch(id: number, failure: Failure | null): void {
    const batch = this.#batches.get(id);
    this.#batches.delete(id);
    if (batch === undefined) return;
    for (const request of batch.requests) {
      if (failure === null) this.events.emit('accepted', request);
      else this.#live.delete(request);
    }
    if (failure === null) batch.resolve();
    else batch.reject(asError(failure));
  }
}
