import { EventEmitter } from 'eventemitter3';

import type { Clock } from '../core/clock.js';
import { RequestError, type Failure } from '../core/errors.js';
import type { ExpertDump } from '../core/expert-recording.js';
import type {
  ExpertAction,
  Knobs,
  Output,
  StateRead,
  StepTimed,
  ToMain,
  ToScheduler,
} from '../messages.js';
import type { EngineEvents } from '../observability/engine-events.js';
import { RegexBudgetError } from '../text/stop-regex.js';
import { Door } from './door.js';
import { EmbedCalls, type Embedding, type EmbedText } from './embed-calls.js';
import { Generation, type GenerationInput } from './generation.js';
import { Replies } from './replies.js';

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
  readonly generations: readonly Generation[];
  readonly resolve: (generations: readonly Generation[]) => void;
  readonly reject: (error: RequestError) => void;
}

/** How long a control message may take. */
const CONTROL_TIMEOUT_MS = 10_000;

/**
 * Requests as the main thread sees them: submits them to the scheduler, keeps their text and
 * log-probabilities, and finds the stop strings. Every submitted request leaves by exactly one ending.
 */
export class Engine {
  /** For observers: metrics, the request log. */
  readonly events = new EventEmitter<EngineEvents>();
  readonly #link: SchedulerLink;
  readonly #clock: Clock;
  readonly #onLog: EngineOptions['onLog'];
  readonly #live = new Map<number, Generation>();
  readonly #liveRids = new Set<string>();
  readonly #batches = new Map<number, Batch>();
  readonly #states = new Replies<StateRead>(CONTROL_TIMEOUT_MS);
  readonly #flushes = new Replies<string | null>(CONTROL_TIMEOUT_MS);
  readonly #experts = new Replies<ExpertDump | null>(CONTROL_TIMEOUT_MS);
  readonly #embeds: EmbedCalls;
  readonly #door = new Door();
  #onStep: ((step: StepTimed) => void) | null = null;
  #outputWaiters: (() => void)[] = [];
  #drainWaiters: (() => void)[] = [];
  #nextNum = 1;
  #nextBatch = 1;
  #closed: Failure | null = null;

  constructor({ link, clock, onLog }: EngineOptions) {
    this.#link = link;
    this.#clock = clock;
    this.#onLog = onLog;
    this.#embeds = new EmbedCalls({
      post: (message) => {
        link.post(message);
      },
      nowMs: () => clock.nowMs(),
      nextNum: () => this.#nextNum++,
      nextBatch: () => this.#nextBatch++,
    });
    link.onMessage((message) => {
      this.#receive(message);
    });
  }

  /**
   * Submits a batch, which is accepted whole or not at all; settles when the scheduler answered.
   * `onSubmitted` hands out the generations before that, so that a client that leaves can be aborted.
   * @throws RequestError
   */
  submit(
    inputs: readonly GenerationInput[],
    onSubmitted: (generations: readonly Generation[]) => void = () => undefined,
  ): Promise<readonly Generation[]> {
    if (this.#closed !== null) return Promise.reject(asError(this.#closed));
    if (!this.#door.isOpen) {
      return this.#door.wait(inputs.length).then(() => this.submit(inputs, onSubmitted));
    }
    const rids = inputs.map((input) => input.req.rid);
    const duplicate = rids.find((rid) => this.#liveRids.has(rid));
    if (duplicate !== undefined) {
      const message = `Duplicate request ID detected: ${duplicate}`;
      return Promise.reject(new RequestError('INVALID_REQUEST', message));
    }
    const generations = inputs.map((input) => this.#admit(input));
    const batch = this.#nextBatch++;
    return new Promise((resolve, reject) => {
      this.#batches.set(batch, { generations, resolve, reject });
      this.#link.post({
        kind: 'submit',
        batch,
        reqs: generations.map(({ num, input }) => ({
          ...input.req,
          num,
          hasTextStops: input.text?.hasTextStops ?? false,
        })),
      });
      onSubmitted(generations);
    });
  }

  /** {@link EmbedCalls.submit}. @throws RequestError */
  embed(
    texts: readonly EmbedText[],
    onSubmitted: (abort: () => void) => void = () => undefined,
  ): Promise<readonly Embedding[]> {
    if (this.#closed !== null) return Promise.reject(asError(this.#closed));
    if (!this.#door.isOpen) {
      return this.#door.wait(texts.length).then(() => this.embed(texts, onSubmitted));
    }
    return this.#embeds.submit(texts, onSubmitted);
  }

  /** Ends one request; its ending still arrives. Harmless after it. */
  abort(generation: Generation): void {
    if (!this.#live.has(generation.num)) return;
    this.#link.post({ kind: 'abort', ridPrefix: '', num: generation.num, all: false });
  }

  /** All requests whose rid starts with the prefix, or all at all. */
  abortByRid(ridPrefix: string, all: boolean): void {
    this.#link.post({ kind: 'abort', ridPrefix, num: null, all });
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
    this.abortByRid('', true);
    while (this.#live.size > 0) await new Promise((resolve) => setTimeout(resolve, 10));
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

  /** Tells of every step of every device from now on; null = no more. */
  onStep(listener: ((step: StepTimed) => void) | null): void {
    this.#onStep = listener;
    this.#link.post({ kind: 'profile', isOn: listener !== null });
  }

  setKnobs(knobs: Knobs): void {
    this.#link.post({ kind: 'setKnobs', knobs });
  }

  readState(): Promise<StateRead> {
    return this.#states.ask((id) => {
      this.#link.post({ kind: 'readState', id });
    });
  }

  /** @returns null, or why the cache was not flushed. */
  flushCache(): Promise<string | null> {
    return this.#flushes.ask((id) => {
      this.#link.post({ kind: 'flushCache', id });
    });
  }

  /** @returns what was recorded, for a dump; else null. */
  recordExperts(action: ExpertAction): Promise<ExpertDump | null> {
    return this.#experts.ask((id) => {
      this.#link.post({ kind: 'recordExperts', id, action });
    });
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
    for (const generation of [...this.#live.values()]) this.#finishFailed(generation, failure);
    this.#embeds.fail(failure);
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
    return this.#live.size + this.#embeds.numLive;
  }

  #admit(input: GenerationInput): Generation {
    const generation = new Generation(this.#nextNum++, input, this.#clock.nowMs());
    this.#live.set(generation.num, generation);
    this.#liveRids.add(generation.rid);
    return generation;
  }

  #receive(message: ToMain): void {
    switch (message.kind) {
      case 'submitted':
        if (this.#embeds.settleBatch(message.batch, message.failure)) break;
        this.#settleBatch(message.batch, message.failure);
        break;
      case 'output':
        this.#embeds.accept(message);
        this.#acceptOutput(message);
        break;
      case 'cacheFlushed':
        this.#flushes.settle(message.id, message.failure);
        break;
      case 'expertsRecorded':
        this.#experts.settle(message.id, message.dump);
        break;
      case 'stateRead':
        this.#states.settle(message.id, message);
        break;
      case 'drained':
        for (const resolve of this.#drainWaiters.splice(0)) resolve();
        break;
      case 'stepTimed':
        this.#onStep?.(message);
        break;
      case 'log':
        this.#onLog(message.level, message.message);
        break;
    }
  }

  #settleBatch(id: number, failure: Failure | null): void {
    const batch = this.#batches.get(id);
    this.#batches.delete(id);
    if (failure === null) {
      for (const generation of batch?.generations ?? []) this.events.emit('accepted', generation);
      batch?.resolve(batch.generations);
      return;
    }
    for (const generation of batch?.generations ?? []) this.#forget(generation);
    batch?.reject(asError(failure));
  }

  #acceptOutput({ admitted, tokens, logprobs, toCheck, finished }: Output): void {
    for (const one of admitted) this.#live.get(one.num)?.acceptAdmitted(one);
    const touched = new Set<Generation>();
    for (let i = 0; i + 1 < tokens.length; i += 2) {
      const generation = this.#live.get(tokens[i] ?? 0);
      if (generation === undefined) continue;
      touched.add(generation);
      this.#acceptToken(generation, tokens[i + 1] ?? 0);
    }
    const nowMs = this.#clock.nowMs();
    for (const generation of touched) this.events.emit('progressed', generation, nowMs);
    for (const row of logprobs) this.#live.get(row.num)?.acceptLogprobs(row);
    for (const num of toCheck) this.#checkText(num);
    for (const ending of finished) {
      const generation = this.#live.get(ending.num);
      if (generation === undefined) continue;
      generation.acceptFinish(ending, nowMs);
      this.#forget(generation);
      touched.add(generation);
      this.events.emit('finished', generation);
    }
    for (const generation of touched) generation.onUpdate?.();
    for (const resolve of this.#outputWaiters.splice(0)) resolve();
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
    if (this.#live.get(num)?.isCut === false) this.#link.post({ kind: 'textChecked', num });
  }

  #finishFailed(generation: Generation, failure: Failure): void {
    generation.acceptFailure(failure, this.#clock.nowMs());
    this.#forget(generation);
    this.events.emit('finished', generation);
    generation.onUpdate?.();
  }

  #forget(generation: Generation): void {
    this.#live.delete(generation.num);
    this.#liveRids.delete(generation.rid);
  }
}

function asError({ code, message }: Failure): RequestError {
  return new RequestError(code, message);
}
