import type { FinishReason } from '../../src/core/finish-reason.js';
import type { Failure } from '../../src/core/errors.js';
import type {
  AdmittedMiss,
  Admitted,
  DraftStats,
  EmbedInput,
  Finished,
  ReqHiddenRows,
  ReqInput,
  ReqLogprobRow,
  ReqStats,
  ReqVector,
  StepTimed,
  Submit,
  SubmitEmbed,
  ToMain,
  ToScheduler,
} from '../../src/messages.js';
import type { SchedulerPort } from '../../src/engine/engine.js';

/**
 * A scheduler whose every move the test makes. It answers submissions, and keeps the rules that the real
 * one keeps: one ending per request, and stop texts override an own ending.
 */
export class ScriptedScheduler implements SchedulerPort {
  readonly received: ToScheduler[] = [];
  readonly live = new Map<number, ReqInput>();
  /** What the next submissions are answered with; null = accepted. */
  failure: Failure | null = null;
  /** Called after each acceptance. */
  onAccepted: (req: ReqInput) => void = () => undefined;
  /** The answer to a text of an embedding model; null = none until the test finishes it. */
  vectorOf: (text: EmbedInput) => readonly number[] | null = () => null;
  readonly liveTexts = new Map<number, EmbedInput>();
  flushFailure: string | null = null;
  readonly #outputs = new Map<number, number>();
  #listener: (message: ToMain) => void = () => undefined;

  onMessage(listener: (message: ToMain) => void): void {
    this.#listener = listener;
  }

  post(message: ToScheduler): void {
    this.received.push(message);
    // As over a port: never in the sender's turn.
    setImmediate(() => {
      this.#handle(message);
    });
  }

  emit(message: ToMain): void {
    this.#listener(message);
  }

  /** Tokens of one request, one step each, then maybe its ending. */
  run(req: ReqInput, tokens: readonly number[], reason: FinishReason | null = null): void {
    for (const token of tokens) this.step([[req.num, token]]);
    if (reason !== null) this.finish(req.num, reason);
  }

  step(
    pairs: readonly (readonly [number, number])[],
    logprobs: readonly ReqLogprobRow[] = [],
    hiddenRows: readonly ReqHiddenRows[] = [],
  ): void {
    const running = pairs.filter(([num]) => this.live.has(num));
    for (const [num] of running) this.#outputs.set(num, (this.#outputs.get(num) ?? 0) + 1);
    this.#output({ tokens: Int32Array.from(running.flat()), logprobs, hiddenRows });
  }

  /** The request got its slot, `cachedTokens` of its prompt being cached. */
  admit(num: number, cachedTokens: number, dpRank = 0, miss: AdmittedMiss | null = null): void {
    const admitted = { num, cachedTokens, dpRank, weightsEpoch: 0, queueMs: 3, miss };
    this.#output({ admitted: [admitted] });
  }

  finish(num: number, reason: FinishReason, stats: Partial<ReqStats> = {}): void {
    const req = this.live.get(num);
    if (req === undefined) return;
    this.live.delete(num);
    const full: ReqStats = {
      promptTokens: req.inputIds.length,
      completionTokens: this.#outputs.get(num) ?? 0,
      cachedTokens: 0,
      numRetractions: 0,
      dpRank: 0,
      queueMs: 0,
      drafts: null,
      ...stats,
    };
    this.#output({ finished: [{ num, reason, stats: full }] });
  }

  /** How speculation went; null = nothing speculates. */
  drafts: DraftStats | null = null;

  /** Weights on which texts are computed from now on. */
  weightsEpoch = 0;

  /** Ends one text: with its vector, or with `reason` instead. */
  finishText(num: number, values: readonly number[], reason?: FinishReason): void {
    const text = this.liveTexts.get(num);
    if (text === undefined) return;
    this.liveTexts.delete(num);
    const stats: ReqStats = {
      promptTokens: text.tokens.length,
      completionTokens: 0,
      cachedTokens: 0,
      numRetractions: 0,
      dpRank: 0,
      queueMs: 0,
      drafts: null,
    };
    const { weightsEpoch } = this;
    const vector = { num, values: Float32Array.from(values), weightsEpoch };
    this.#output({
      vectors: reason === undefined ? [vector] : [],
      finished: [{ num, reason: reason ?? { type: 'length', length: 0 }, stats }],
    });
  }

  /** A step is back that brought nothing. */
  timed(step: StepTimed): void {
    this.#output({ timed: [step] });
  }

  check(num: number): void {
    this.#output({ toCheck: [num] });
  }

  #output(part: {
    admitted?: readonly Admitted[];
    tokens?: Int32Array;
    logprobs?: readonly ReqLogprobRow[];
    hiddenRows?: readonly ReqHiddenRows[];
    vectors?: readonly ReqVector[];
    toCheck?: readonly number[];
    finished?: readonly Finished[];
    timed?: readonly StepTimed[];
  }): void {
    const { tokens = new Int32Array(0), logprobs = [], toCheck = [], finished = [] } = part;
    const { admitted = [], vectors = [], hiddenRows = [], timed = [] } = part;
    const answers = { tokens, logprobs, hiddenRows, vectors };
    this.emit({ kind: 'output', admitted, ...answers, toCheck, finished, timed });
  }

  #handle(message: ToScheduler): void {
    switch (message.kind) {
      case 'submit':
        this.#accept(message);
        break;
      case 'submitEmbed':
        this.#acceptTexts(message);
        break;
      case 'abort':
        for (const { num, rid } of [...this.live.values(), ...this.liveTexts.values()]) {
          const byRid = message.ridPrefix !== '' && rid.startsWith(message.ridPrefix);
          if (message.all || message.num === num || byRid) {
            this.finish(num, ABORTED);
            this.finishText(num, [], ABORTED);
          }
        }
        break;
      case 'stopAt':
        this.finish(message.num, { type: 'stop', matched: message.matched });
        break;
      case 'flushCache':
        this.emit({ kind: 'cacheFlushed', id: message.id, failure: this.flushFailure });
        break;
      case 'readState': {
        const load = { ...DEVICE_STATE.load, drafts: this.drafts };
        const devices = [{ ...DEVICE_STATE, load }];
        this.emit({ kind: 'stateRead', id: message.id, numQueued: 0, devices });
        break;
      }
      case 'readRequests':
        this.#tellRequests(message.id);
        break;
      case 'drain':
        this.emit({ kind: 'drained' });
        break;
      default:
        break;
    }
  }

  /** All of them run. */
  #tellRequests(id: number): void {
    const running = [...this.live.values()].map(({ num, inputIds }) => ({
      num,
      tree: '0:1',
      phase: 'decode' as const,
      numPrefilled: inputIds.length,
      cachedTokens: 0,
      numRetractions: 0,
    }));
    const nobody = { numWaiting: 0, waiting: [] };
    this.emit({ kind: 'requestsRead', id, ...nobody, numRunning: running.length, running });
  }

  #accept({ batch, reqs }: Submit): void {
    this.emit({ kind: 'submitted', batch, failure: this.failure });
    if (this.failure !== null) return;
    for (const req of reqs) this.live.set(req.num, req);
    for (const req of reqs) this.onAccepted(req);
  }

  #acceptTexts({ batch, reqs }: SubmitEmbed): void {
    this.emit({ kind: 'submitted', batch, failure: this.failure });
    if (this.failure !== null) return;
    for (const req of reqs) this.liveTexts.set(req.num, req);
    for (const req of reqs) {
      const values = this.vectorOf(req);
      if (values !== null) this.finishText(req.num, values);
    }
  }
}

const ABORTED: FinishReason = {
  type: 'abort',
  message: 'Aborted',
  code: null,
};

const DEVICE_STATE = {
  device: { rank: 0, generation: 1 },
  numRunning: 0,
  numUsedTokens: 0,
  lastGenThroughput: 12.5,
  statePool: null,
  kvPool: { totalTokens: 1024, freeTokens: 1000, cachedTokens: 24, heldTokens: 0 },
  load: {
    numWaiting: 2,
    numWaitingTokens: 30,
    numWaitingUncachedTokens: 20,
    numRetracted: 1,
    maxRunning: 8,
    numAdapters: 0,
    sumSeqLens: 44,
    newTokenRatio: 0.7,
    cacheHitRate: 0.25,
    totals: {
      prefillTokens: 300,
      cachedTokens: 100,
      decodeTokens: 50,
      retractions: 2,
      retractedInputTokens: 40,
      retractedOutputTokens: 10,
    },
  },
};
