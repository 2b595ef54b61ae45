/**
 * The main thread of an embedding server, with the oracle: a text's vector follows from its tokens alone,
 * whatever step it shared, however often its device died.
 */
import assert from 'node:assert/strict';
import type { Failure } from '../../src/core/errors.js';
import type { AbortReason } from '../../src/core/finish-reason.js';
import type { EmbedInput, Finished, Output, StateRead, ToMain } from '../../src/messages.js';
import type { FromMain } from '../../src/scheduler/scheduler.js';
import { expectedVector } from '../doubles/fake-device.js';
import { statusIn } from './clients.js';

/** One text as its client sees it. */
export interface ClientText {
  readonly input: EmbedInput;
  readonly submittedMs: number;
  vector: Float32Array | null;
  accepted: boolean;
  aborted: boolean;
}

export interface EmbedOutcome {
  numVectors: number;
  numTextsQueueFull: number;
  numTextsShutOut: number;
  numTextsDuplicate: number;
  numTextsAborted: number;
  numTextsWaitedTooLong: number;
  numTextsRanTooLong: number;
  numTextsDeviceFailed: number;
  numTextReads: number;
}

export interface EmbedWorldView {
  readonly nowMs: () => number;
  readonly numDeviceDeaths: () => number;
  readonly waitingTimeoutMs: number | null;
  readonly runningTimeoutMs: number | null;
}

export class EmbedClients {
  /** Submitted and not refused or ended yet, by handle. */
  readonly texts = new Map<number, ClientText>();
  readonly outcome: EmbedOutcome = {
    numVectors: 0,
    numTextsQueueFull: 0,
    numTextsShutOut: 0,
    numTextsDuplicate: 0,
    numTextsAborted: 0,
    numTextsWaitedTooLong: 0,
    numTextsRanTooLong: 0,
    numTextsDeviceFailed: 0,
    numTextReads: 0,
  };
  isDraining = false;
  isDrained = false;
  lastRead: StateRead | null = null;
  private readonly batches = new Map<number, readonly ClientText[]>();
  /** How often each rid was submitted. */
  private readonly rids = new Map<string, number>();
  private numBatches = 0;

  constructor(
    private readonly send: (message: FromMain) => void,
    private readonly view: EmbedWorldView,
  ) {}

  submit(inputs: readonly EmbedInput[]): void {
    const submittedMs = this.view.nowMs();
    const state = { submittedMs, vector: null, accepted: false, aborted: false };
    const texts = inputs.map((input): ClientText => ({ input, ...state }));
    const batch = this.numBatches++;
    this.batches.set(batch, texts);
    for (const text of texts) {
      const { num, rid } = text.input;
      this.texts.set(num, text);
      this.rids.set(rid, (this.rids.get(rid) ?? 0) + 1);
    }
    this.send({ kind: 'submitEmbed', batch, reqs: inputs });
  }

  abort(text: ClientText, byRid: boolean): void {
    const { num, rid } = text.input;
    for (const one of this.texts.values()) {
      if (byRid ? one.input.rid.startsWith(rid) : one === text) one.aborted = true;
    }
    this.send({
      kind: 'abort',
      all: false,
      num: byRid ? null : num,
      ridPrefix: byRid ? rid : '',
      message: null,
    });
  }

  abortAll(): void {
    for (const text of this.texts.values()) text.aborted = true;
    this.send({ kind: 'abort', all: true, num: null, ridPrefix: '', message: null });
  }

  drain(): void {
    this.isDraining = true;
    this.send({ kind: 'drain' });
  }

  receive(message: ToMain): void {
    switch (message.kind) {
      case 'submitted':
        this.settle(message.batch, message.failure);
        break;
      case 'output':
        this.receiveOutput(message);
        break;
      case 'stateRead':
        this.receiveRead(message);
        break;
      case 'drained':
        assert(this.isDraining && !this.isDrained, 'drained once, and when asked to');
        this.isDrained = true;
        for (const text of this.texts.values()) assert(!text.accepted, 'drained before an ending');
        break;
      case 'log':
        assert.notEqual(message.level, 'error', message.message);
        break;
      case 'cacheFlushed':
      case 'requestsRead':
      case 'expertsRecorded':
      case 'questionFailed':
        assert.fail('nobody asked for it');
    }
  }

  private settle(batch: number, failure: Failure | null): void {
    const texts = this.batches.get(batch);
    assert(texts !== undefined, `batch ${batch} is answered twice`);
    this.batches.delete(batch);
    if (failure === null) {
      for (const text of texts) text.accepted = true;
      return;
    }
    for (const text of texts) this.texts.delete(text.input.num);
    this.countRefused(texts, failure);
  }

  private countRefused(texts: readonly ClientText[], { code, message }: Failure): void {
    if (code === 'QUEUE_FULL') this.outcome.numTextsQueueFull += texts.length;
    else if (code === 'SHUTTING_DOWN') {
      assert(this.isDraining, 'refused though nobody drains');
      this.outcome.numTextsShutOut += texts.length;
    } else {
      const doubled = texts.find(({ input }) => message.endsWith(`detected: ${input.rid}`));
      assert(doubled !== undefined, message);
      assert((this.rids.get(doubled.input.rid) ?? 0) > 1, 'refused for a rid that nobody else has');
      this.outcome.numTextsDuplicate += texts.length;
    }
  }

  private receiveOutput({ vectors, finished, tokens }: Output): void {
    assert.equal(tokens.length, 0);
    for (const { num, values } of vectors) {
      const text = this.open(num);
      assert.equal(text.vector, null, `two vectors of ${num}`);
      assert.deepEqual([...values], expectedVector(text.input.tokens), `vector of ${num}`);
      text.vector = values;
    }
    for (const ending of finished) this.end(this.open(ending.num), ending);
    for (const { num } of vectors)
      assert(!this.texts.has(num), `${num} has a vector and no ending`);
  }

  private open(num: number): ClientText {
    const text = this.texts.get(num);
    assert(text?.accepted === true, `text ${num} is not open`);
    return text;
  }

  private end(text: ClientText, { reason, stats }: Finished): void {
    this.texts.delete(text.input.num);
    assert.equal(stats.promptTokens, text.input.tokens.length);
    assert.equal(stats.completionTokens, 0);
    if (reason.type === 'abort') {
      assert.equal(text.vector, null, 'a vector of an aborted text');
      this.checkAbort(text, reason, stats.dpRank !== null);
      return;
    }
    assert.deepEqual(reason, { type: 'length', length: 0 });
    assert(text.vector !== null, `no vector of ${text.input.num}`);
    this.outcome.numVectors++;
  }

  private checkAbort(text: ClientText, reason: AbortReason, ran: boolean): void {
    const { message } = reason;
    const status = statusIn(reason);
    const { waitingTimeoutMs, runningTimeoutMs, nowMs, numDeviceDeaths } = this.view;
    const { num } = text.input;
    if (status === null) {
      assert(text.aborted, `${num} was aborted by nobody`);
      this.outcome.numTextsAborted++;
    } else if (status === 500) {
      assert(ran && numDeviceDeaths() >= 2, `${num} was given up too early`);
      this.outcome.numTextsDeviceFailed++;
    } else {
      assert.equal(message, `Request ${ran ? 'running' : 'waiting'} timeout reached.`);
      const limitMs = (ran ? runningTimeoutMs : waitingTimeoutMs) ?? Infinity;
      assert(nowMs() - text.submittedMs >= limitMs, `${num} had time left`);
      if (ran) this.outcome.numTextsRanTooLong++;
      else this.outcome.numTextsWaitedTooLong++;
    }
  }

  /** Endings reach main before a read that was answered after them. */
  private receiveRead(read: StateRead): void {
    this.outcome.numTextReads++;
    this.lastRead = read;
    const running = read.devices.reduce((sum, { numRunning }) => sum + numRunning, 0);
    const waiting = read.devices.reduce((sum, { load }) => sum + load.numWaiting, 0);
    assert(running + read.numQueued <= this.texts.size, 'more texts are counted than there are');
    // Without an open device those that wait are nobody's.
    assert(waiting === read.numQueued || waiting === 0, 'waiting texts count once');
  }
}
