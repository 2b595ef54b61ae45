/**
 * The main thread as the scheduler knows it, with the oracle: what each request must answer follows from
 * its prompt and seed alone, whatever it was batched with, cached, retracted or retried.
 */
import assert from 'node:assert/strict';
import { RESULT_LENGTH } from '../../src/core/batch.js';
import { statusOf } from '../../src/core/errors.js';
import type { AbortReason, FinishReason } from '../../src/core/finish-reason.js';
import type {
  Admitted,
  Finished,
  Output,
  ReqHiddenRows,
  ReqInput,
  StatePool,
  ToMain,
} from '../../src/messages.js';
import type { FromMain } from '../../src/scheduler/scheduler.js';
import { firstHiddenRow } from '../../src/core/hidden-states.js';
import { expectedHidden, expectedOutput } from '../doubles/fake-device.js';

/** One request as its client sees it. */
export interface ClientReq {
  readonly input: ReqInput;
  /** A stop string appears after this many tokens; null = never. */
  readonly textStop: number | null;
  readonly expected: ReturnType<typeof expectedOutput>;
  readonly tokens: number[];
  readonly promptPositions: number[];
  readonly outputPositions: number[];
  /** `[rows, 2]` from the first row that it wants to see. */
  readonly hidden: number[];
  accepted: boolean;
  aborted: boolean;
  stopSent: boolean;
  checkSent: boolean;
  finished: Finished | null;
}

export interface Outcome {
  numFinished: number;
  numRefused: number;
  numAborted: number;
  numTooLarge: number;
  numDeviceFailed: number;
  numEvicted: number;
  numTextStops: number;
  numRetractions: number;
  numCachedTokens: number;
  numFlushed: number;
  numFlushRefused: number;
  numReads: number;
  numMissesExplained: number;
  numForks: number;
  /** Requests that were retracted and saw all of their hidden states. */
  numHiddenResumed: number;
}

const REFUSED_INSERT = /^The cache actor refused an operation\. insert: /;

export class Clients {
  readonly reqs = new Map<number, ClientReq>();
  readonly finished: ClientReq[] = [];
  readonly outcome: Outcome = {
    numFinished: 0,
    numRefused: 0,
    numAborted: 0,
    numTooLarge: 0,
    numDeviceFailed: 0,
    numEvicted: 0,
    numTextStops: 0,
    numRetractions: 0,
    numCachedTokens: 0,
    numFlushed: 0,
    numFlushRefused: 0,
    numReads: 0,
    numMissesExplained: 0,
    numForks: 0,
    numHiddenResumed: 0,
  };
  lastHeldTokens = -1;
  lastHeldStates = -1;
  drained = false;
  /** The cache actor is made to refuse inserts, and says so. */
  expectsRefusals = false;
  private readonly batches = new Map<number, readonly ClientReq[]>();

  constructor(
    private readonly send: (message: FromMain) => void,
    private readonly marksMaker: boolean,
    private readonly poolTokens: number,
  ) {}

  submit(inputs: readonly (ReqInput & { readonly textStop: number | null })[]): void {
    const reqs = inputs.map(({ textStop, ...input }) => ({
      input,
      textStop,
      expected: expectedOutput(input.inputIds, input.sampling, this.marksMaker),
      tokens: [],
      promptPositions: [],
      outputPositions: [],
      hidden: [],
      accepted: false,
      aborted: false,
      stopSent: false,
      checkSent: false,
      finished: null,
    }));
    const batch = this.batches.size;
    this.batches.set(batch, reqs);
    for (const req of reqs) this.reqs.set(req.input.num, req);
    this.send({ kind: 'submit', batch, reqs: reqs.map(({ input }) => input) });
  }

  abort(req: ClientReq, byRid: boolean): void {
    req.aborted = true;
    const ridPrefix = byRid ? req.input.rid : '';
    this.send({
      kind: 'abort',
      all: false,
      num: byRid ? null : req.input.num,
      ridPrefix,
      message: null,
    });
  }

  abortAll(): void {
    for (const req of this.reqs.values()) req.aborted = true;
    this.send({ kind: 'abort', all: true, num: null, ridPrefix: '', message: null });
  }

  get unfinished(): ClientReq[] {
    return [...this.reqs.values()];
  }

  receive(message: ToMain): void {
    switch (message.kind) {
      case 'submitted': {
        const reqs = this.batches.get(message.batch) ?? [];
        if (message.failure === null) for (const req of reqs) req.accepted = true;
        else this.refused(reqs, message.failure.message);
        break;
      }
      case 'output':
        this.receiveOutput(message);
        break;
      case 'cacheFlushed':
        if (message.failure === null) this.outcome.numFlushed++;
        else this.outcome.numFlushRefused++;
        break;
      case 'stateRead':
        this.outcome.numReads++;
        this.lastHeldTokens = 0;
        this.lastHeldStates = 0;
        for (const { kvPool, statePool } of message.devices) {
          if (statePool !== null) this.receiveStates(statePool);
          const { freeTokens, cachedTokens, heldTokens, totalTokens } = kvPool;
          assert.equal(freeTokens + cachedTokens + heldTokens, totalTokens, 'kv_pool adds up');
          assert(Math.min(freeTokens, cachedTokens, heldTokens) >= 0, 'kv_pool is not negative');
          this.lastHeldTokens += heldTokens;
        }
        break;
      case 'drained':
        this.drained = true;
        break;
      case 'log':
        if (this.expectsRefusals && REFUSED_INSERT.test(message.message)) break;
        assert.notEqual(message.level, 'error', message.message);
        break;
      case 'requestsRead':
      case 'expertsRecorded':
      case 'questionFailed':
        assert.fail('nobody asked for it');
    }
  }

  private receiveStates({ total, free, cached, held }: StatePool): void {
    assert.equal(free + cached + held, total, 'state_pool adds up');
    assert(Math.min(free, cached, held) >= 0, 'state_pool is not negative');
    this.lastHeldStates += held;
  }

  private refused(reqs: readonly ClientReq[], message: string): void {
    assert.equal(message, 'The request queue is full.');
    this.outcome.numRefused += reqs.length;
    for (const req of reqs) this.reqs.delete(req.input.num);
  }

  private receiveOutput(output: Output): void {
    const { admitted, tokens, logprobs, hiddenRows, toCheck, finished } = output;
    for (const one of admitted) this.checkMiss(this.open(one.num), one);
    for (let i = 0; i < tokens.length; i += 2)
      this.receiveToken(tokens[i] ?? -1, tokens[i + 1] ?? -1);
    for (const row of logprobs) {
      const req = this.open(row.num);
      (row.part === 'prompt' ? req.promptPositions : req.outputPositions).push(row.position);
    }
    for (const rows of hiddenRows) this.receiveHidden(this.open(rows.num), rows);
    for (const num of toCheck) this.answerCheck(this.open(num));
    for (const ending of finished) this.end(this.open(ending.num), ending);
  }

  /** Told to who asked; and the first miss is in the page behind what was cached. */
  private checkMiss({ input }: ClientReq, { miss, cachedTokens }: Admitted): void {
    assert.equal(miss !== null, input.explainsMiss, 'a miss is explained to who asks');
    if (miss === null) return;
    this.outcome.numMissesExplained++;
    const { position, expectedToken, pageSizeTokens, cause } = miss;
    const { inputIds } = input;
    if (position === null) {
      assert(cachedTokens + pageSizeTokens >= inputIds.length, `${cause}: a page was missed`);
      return;
    }
    const pageStart = Math.floor(position / pageSizeTokens) * pageSizeTokens;
    assert.equal(pageStart, cachedTokens, `${cause}: the page of the first miss`);
    assert(cachedTokens + pageSizeTokens < inputIds.length, `${cause}: nothing was missed`);
    if (expectedToken === null) return;
    this.outcome.numForks++;
    assert.notEqual(inputIds[position], expectedToken, 'what was expected instead');
  }

  private open(num: number): ClientReq {
    const req = this.reqs.get(num);
    assert(req?.accepted === true, `request ${num} is not open`);
    return req;
  }

  private receiveToken(num: number, token: number): void {
    const req = this.open(num);
    assert.equal(
      token,
      req.expected.tokens[req.tokens.length],
      `token ${req.tokens.length} of ${num}`,
    );
    req.tokens.push(token);
    if (req.textStop === req.tokens.length) this.sendStop(req);
  }

  /** Without a gap, and no row twice. */
  private receiveHidden({ input, hidden }: ClientReq, rows: ReqHiddenRows): void {
    const first = firstHiddenRow(input.hiddenStates, input.inputIds.length);
    assert.equal(rows.position, first + hidden.length / 2, `hidden states of ${input.num}`);
    assert.equal(rows.values.length, 2 * rows.numRows);
    hidden.push(...rows.values);
  }

  private sendStop(req: ClientReq): void {
    req.stopSent = true;
    const numOutputTokens = req.textStop ?? 0;
    this.send({ kind: 'stopAt', num: req.input.num, numOutputTokens, matched: 'END' });
  }

  private answerCheck(req: ClientReq): void {
    assert(!req.checkSent && req.input.hasTextStops, 'one check');
    req.checkSent = true;
    if (!req.stopSent) this.send({ kind: 'textChecked', num: req.input.num });
  }

  private end(req: ClientReq, finished: Finished): void {
    const { num } = req.input;
    this.reqs.delete(num);
    req.finished = finished;
    this.finished.push(req);
    const { stats, reason } = finished;
    this.outcome.numFinished++;
    this.outcome.numRetractions += stats.numRetractions;
    this.outcome.numCachedTokens += stats.cachedTokens;
    assert.equal(stats.promptTokens, req.input.inputIds.length);
    this.checkLogprobs(req, reason);
    this.checkHidden(req, finished);
    if (reason.type === 'abort') this.checkAbort(req, statusIn(reason));
    else if (reason.type === 'stop' && reason.matched === 'END') {
      this.outcome.numTextStops++;
      assert.equal(stats.completionTokens, req.textStop, `stop string of ${num}`);
    } else {
      assert(!req.stopSent, `${num} ended by itself though its text matched`);
      assert.deepEqual(req.tokens, req.expected.tokens, `tokens of ${num}`);
      assert.equal(stats.completionTokens, req.tokens.length);
      const { maxNewTokens } = req.input.sampling;
      const byLength = (req.expected.flags & RESULT_LENGTH) !== 0;
      const matched = req.tokens.at(-1) ?? -1;
      const expected = byLength
        ? { type: 'length', length: maxNewTokens }
        : { type: 'stop', matched };
      assert.deepEqual(reason, expected, `reason of ${num}`);
    }
  }

  private checkAbort(req: ClientReq, status: number | null): void {
    if (status === null) {
      assert(req.aborted, `${req.input.num} was aborted by nobody`);
      this.outcome.numAborted++;
    } else if (status === 503) {
      assert(req.tokens.length === 0, `${req.input.num} lost its place though it ran`);
      this.outcome.numEvicted++;
    } else if (status === 500) {
      this.outcome.numDeviceFailed++;
    } else {
      const most = req.input.inputIds.length + req.input.sampling.maxNewTokens;
      assert(most > this.poolTokens, `${req.input.num} fits but was refused`);
      this.outcome.numTooLarge++;
    }
  }

  /** Those of every row that a token was drawn from, and no others; of the whole prompt too where it wants them. */
  private checkHidden({ input, hidden, tokens }: ClientReq, { reason, stats }: Finished): void {
    const { inputIds, hiddenStates } = input;
    const first = firstHiddenRow(hiddenStates, inputIds.length);
    const all = expectedHidden(inputIds, tokens, this.marksMaker);
    assert.deepEqual(
      hidden,
      hiddenStates === null ? [] : all.slice(2 * first).slice(0, hidden.length),
    );
    if (hiddenStates === null || reason.type === 'abort') return;
    const numRows = inputIds.length + Math.max(1, tokens.length) - 1 - first;
    assert.equal(hidden.length / 2, numRows, `all hidden states of ${input.num}`);
    if (stats.numRetractions > 0) this.outcome.numHiddenResumed++;
  }

  /** Each wanted position once, in order; all of them unless the request was cut off. */
  private checkLogprobs(req: ClientReq, reason: FinishReason): void {
    const { logprobs, inputIds } = req.input;
    if (logprobs === null) {
      assert.equal(req.promptPositions.length + req.outputPositions.length, 0);
      return;
    }
    const first = Math.max(1, logprobs.startLen);
    req.promptPositions.forEach((position, i) => {
      assert.equal(position, first + i);
    });
    req.outputPositions.forEach((position, i) => {
      assert.equal(position, i);
    });
    assert.equal(req.outputPositions.length, req.tokens.length);
    const complete = Math.max(0, inputIds.length - first);
    if (reason.type !== 'abort') assert.equal(req.promptPositions.length, complete);
  }
}

/** The HTTP status that an ending has on the wire; null = a user asked for it. */
export function statusIn({ code }: AbortReason): number | null {
  return code === null ? null : statusOf(code);
}
